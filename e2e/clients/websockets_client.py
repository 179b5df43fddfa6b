"""The `websockets` library as a client, driven by lines.

    websockets_client.py publish URL     sends each line of stdin, prints what it receives
    websockets_client.py subscribe URL   prints each message it receives as one line

A publisher prints "open" when it may be fed and "closed" when it has ended well.
"""

import asyncio
import json
import sys

import websockets

ANSWER_TIME = 0.5  # seconds in which an answer that must not come would come


async def publish(url):
    async with websockets.connect(url) as ws:
        reader = asyncio.create_task(show(ws))
        print("open", flush=True)
        loop = asyncio.get_running_loop()
        while True:
            line = await loop.run_in_executor(None, sys.stdin.readline)
            if not line:
                break
            # Through Python's own json, which writes NaN and Infinity as they are.
            await ws.send(json.dumps(json.loads(line)))
        await asyncio.sleep(ANSWER_TIME)
        reader.cancel()
    print("closed", flush=True)


async def subscribe(url):
    async with websockets.connect(url) as ws:
        await show(ws)


async def show(ws):
    async for message in ws:
        print(message, flush=True)


if __name__ == "__main__":
    asyncio.run({"publish": publish, "subscribe": subscribe}[sys.argv[1]](sys.argv[2]))
