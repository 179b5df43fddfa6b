"""The `websocket-client` library as a client, driven by lines.

    websocket_client_lib.py publish URL     sends each line of stdin, prints what it receives
    websocket_client_lib.py subscribe URL   prints each message it receives as one line

A publisher prints "open" when it may be fed and "closed" when it has ended well.
"""

import json
import sys
import threading
import time

import websocket

ANSWER_TIME = 0.5  # seconds in which an answer that must not come would come


def publish(url):
    ws = websocket.create_connection(url, timeout=30)
    threading.Thread(target=show, args=[ws], daemon=True).start()
    print("open", flush=True)
    for line in sys.stdin:
        # Through Python's own json, which writes NaN and Infinity as they are.
        ws.send(json.dumps(json.loads(line)))
    time.sleep(ANSWER_TIME)
    ws.send_close()
    print("closed", flush=True)


def subscribe(url):
    show(websocket.create_connection(url, timeout=60))


def show(ws):
    while True:
        opcode, data = ws.recv_data()
        if opcode == websocket.ABNF.OPCODE_CLOSE:
            return
        print(data.decode(), flush=True)


if __name__ == "__main__":
    {"publish": publish, "subscribe": subscribe}[sys.argv[1]](sys.argv[2])
