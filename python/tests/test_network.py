"""Addresses, credentials, TLS and proxies."""

from __future__ import annotations

import logging
import os
import ssl
import tempfile
import unittest
from unittest import mock

import peers
from test_publisher import Case

import websocket_client
from websocket_client import AssetSpacePublisher, TrainingMetrics

TOKEN = "s3cret-token-of-V75"
NO_PROXIES = {name: "" for n in ("HTTP_PROXY", "HTTPS_PROXY", "ALL_PROXY", "NO_PROXY") for name in (n, n.lower())}


class Addresses(Case):
    def route(self, url, **options):
        return AssetSpacePublisher("V75", url, logger=self.logger, **options)._route

    def test_where_an_address_leads(self):
        ours = "/ws/publish/V75"
        for url, want in {
            "ws://localhost:7860/ws/publish/V75": (False, "localhost", 7860, ours),
            "ws://localhost:7860/ws/publish/V75/": (False, "localhost", 7860, ours),
            "ws://host:7860": (False, "host", 7860, ours),
            "http://host": (False, "host", 80, ours),
            "wss://host/": (True, "host", 443, ours),
            "https://owner-hub.hf.space": (True, "owner-hub.hf.space", 443, ours),
            "HTTPS://Owner-Hub.HF.space": (True, "owner-hub.hf.space", 443, ours),
            "wss://host/behind/a/proxy/": (True, "host", 443, "/behind/a/proxy" + ours),
            "ws://host/ws/publish": (False, "host", 80, ours),
            "ws://[::1]:7860": (False, "::1", 7860, ours),
            "ws://host/ws/publish/OTHER": (False, "host", 80, "/ws/publish/OTHER"),
        }.items():
            with self.subTest(url):
                route = self.route(url)
                self.assertEqual((route.secure, route.host, route.port, route.path), want)

    def test_what_the_operator_is_told(self):
        self.route("ws://host/ws/publish/OTHER")
        self.assertIn("hub_url names the space OTHER", self.warnings()[-1])
        self.route("wss://user:pass@host/?token=abc")
        self.assertIn("user, password and query are left out", self.warnings()[-1])
        self.route("ws://far.example", token=TOKEN)
        self.assertIn("clear text", self.warnings()[-1])
        count = len(self.warnings())
        self.route("ws://127.0.0.1:1", token=TOKEN)
        self.route("wss://far.example", token=TOKEN)
        self.assertEqual(len(self.warnings()), count)

    def test_the_host_header_names_a_port_only_if_it_is_unusual(self):
        self.assertEqual(self.route("ws://[::1]:80").authority, "[::1]")
        self.assertEqual(self.route("wss://h:444").authority, "h:444")


class Credentials(Case):
    def headers_sent(self, **options):
        hub = self.hub()
        self.publisher(hub.url, **options)
        return hub.peer().headers

    def test_a_token_travels_in_its_header(self):
        headers = self.headers_sent(token=TOKEN + "\n", headers={"Authorization": "Bearer hf_abc"})
        self.assertEqual(headers["x-quasar-token"], TOKEN)
        self.assertEqual(headers["authorization"], "Bearer hf_abc")

    def test_the_environment_has_a_token_too(self):
        with mock.patch.dict(os.environ, QUASAR_TOKEN=TOKEN):
            self.assertEqual(self.headers_sent()["x-quasar-token"], TOKEN)
            self.assertEqual(self.headers_sent(token="other-token")["x-quasar-token"], "other-token")
            self.assertNotIn("x-quasar-token", self.headers_sent(token=""))

    def test_a_token_among_the_headers_is_the_only_one(self):
        with mock.patch.dict(os.environ, QUASAR_TOKEN="of-the-environment"):
            self.assertEqual(self.headers_sent(headers={"x-quasar-token": TOKEN})["x-quasar-token"], TOKEN)
        publisher = AssetSpacePublisher(
            "V75", "ws://localhost", token=TOKEN, headers={"X-Quasar-Token": "y"}, logger=self.logger
        )
        self.assertEqual(publisher.stats["state"], "misconfigured")
        self.assertNotIn(TOKEN, publisher.stats["last_error"])

    def test_what_a_proxy_wants_goes_beside_the_token(self):
        with mock.patch.dict(os.environ, QUASAR_AUTHORIZATION="Bearer hf_env\n"):
            headers = self.headers_sent(token=TOKEN)
            self.assertEqual((headers["x-quasar-token"], headers["authorization"]), (TOKEN, "Bearer hf_env"))
            self.assertEqual(self.headers_sent(authorization="Bearer hf_abc")["authorization"], "Bearer hf_abc")
            self.assertEqual(self.headers_sent(headers={"authorization": "Basic x"})["authorization"], "Basic x")
            self.assertNotIn("authorization", self.headers_sent(authorization=""))

    def test_what_a_proxy_wants_leaves_over_tls_or_not_at_all(self):
        """Nothing resolves a name or opens a connection for it either."""
        for options in ({"authorization": "Bearer hf_abc"}, {"headers": {"AUTHORIZATION": "Bearer hf_abc"}}):
            for host in ("hub.example", "192.168.1.5:7860", "localhost.example", "0.0.0.0"):
                with self.subTest(host, **options), mock.patch("socket.getaddrinfo") as lookup:
                    publisher = self.publisher(f"ws://{host}", **options)
                    publisher.publish_training(TrainingMetrics(1))
                    self.assertEqual(publisher.stats["state"], "misconfigured")
                    self.assertIn("want wss://", publisher.stats["last_error"])
                    lookup.assert_not_called()
        publisher = AssetSpacePublisher("V75", "wss://hub.example", authorization="Bearer hf_abc", logger=self.logger)
        self.assertEqual(publisher.stats["state"], "new")
        self.assertNotIn("hf_abc", "\n".join(self.lines))

    def test_a_word_alone_is_no_authorization(self):
        for options in ({"authorization": "hf_abc"}, {"authorization": "Basic x", "headers": {"Authorization": "Bearer y"}}):
            with self.subTest(**options):
                publisher = AssetSpacePublisher("V75", "wss://hub.example", logger=self.logger, **options)
                self.assertEqual(publisher.stats["state"], "misconfigured")
                self.assertNotIn("hf_abc", publisher.stats["last_error"])

    def test_it_says_what_it_is(self):
        self.assertEqual(self.headers_sent()["user-agent"], f"quasar-client/{websocket_client.__version__}")
        self.assertEqual(self.headers_sent(headers={"User-Agent": "mine"})["user-agent"], "mine")

    def test_secrets_are_never_shown(self):
        """Not even if the hub says them back."""
        hub = self.hub("refuse", status=401, problem={"detail": f"got {TOKEN} and hf_private, want another"})
        publisher = self.publisher(hub.url, token=TOKEN, headers={"Authorization": "Bearer hf_private"})
        peers.wait_until(lambda: publisher.stats["last_error"])
        publisher.stop()
        said = "\n".join([*self.lines, repr(publisher), str(publisher), repr(publisher.stats), repr(vars(publisher))])
        self.assertIn("[redacted]", publisher.stats["last_error"])
        self.assertNotIn(TOKEN, said)
        self.assertNotIn("hf_private", said)

    def test_a_header_cannot_bring_headers_of_its_own(self):
        for headers in ({"X": "a\r\nY: b"}, {"X\r\nY": "b"}, {"X": "ä"}, {"": "x"}, {"X": 7}):
            with self.subTest(headers):
                publisher = AssetSpacePublisher("V75", "ws://127.0.0.1:1", headers=headers, logger=self.logger)
                self.assertEqual(publisher.stats["state"], "misconfigured")
        publisher = AssetSpacePublisher("V75", "ws://127.0.0.1:1", token="a\nb", logger=self.logger)
        publisher.start()
        self.assertIn("X-Quasar-Token: want printable ASCII", self.warnings()[0])

    def test_what_a_hub_says_cannot_steer_a_terminal(self):
        hub = self.hub("refuse", status=401, problem={"detail": "\x1b[31mred\u202e\nWARNING forged" + "x" * 9999})
        publisher = self.publisher(hub.url)
        peers.wait_until(lambda: publisher.stats["last_error"])
        self.assertTrue(publisher.stats["last_error"].isprintable())
        self.assertLess(len(publisher.stats["last_error"]), 300)


class Proxies(Case):
    def test_connect_through_a_proxy(self):
        with peers.Proxy(credentials="user:p@ss word") as proxy:
            hub = self.hub()
            publisher = self.publisher(hub.url, proxy=f"http://user:p%40ss%20word@127.0.0.1:{proxy.port}")
            publisher.publish_training(TrainingMetrics(1))
            peers.wait_until(lambda: hub.peers and hub.peers[0].metrics())
            self.assertEqual(proxy.requests, [f"CONNECT 127.0.0.1:{hub.port} HTTP/1.1"])
            publisher.stop()

    def test_a_proxy_that_refuses_is_named(self):
        with peers.Proxy(credentials="user:secret-word") as proxy:
            publisher = self.publisher("ws://hub.invalid", proxy=f"http://user:wrong-word@127.0.0.1:{proxy.port}")
            peers.wait_until(lambda: publisher.stats["last_error"])
            self.assertEqual(publisher.stats["last_error"], "proxy: got 407 Proxy Authentication Required, want 200")
            self.assertNotIn("wrong-word", "".join(self.lines))

    def proxy_of(self, url, **environ):
        with mock.patch.dict(os.environ, {**NO_PROXIES, **environ}):
            proxy = AssetSpacePublisher("V75", url, logger=self.logger)._route.proxy
            return proxy and f"{proxy.host}:{proxy.port}"

    def test_the_environment_names_the_proxy(self):
        both = {"HTTP_PROXY": "http://plain:1", "https_proxy": "tls:2"}
        self.assertEqual(self.proxy_of("ws://hub", **both), "plain:1")
        self.assertEqual(self.proxy_of("wss://hub", **both), "tls:2")
        self.assertEqual(self.proxy_of("wss://hub", ALL_PROXY="http://all:3"), "all:3")
        self.assertIsNone(self.proxy_of("ws://localhost", **both))
        self.assertIsNone(self.proxy_of("ws://127.0.0.1:1", **both))
        self.assertIsNone(self.proxy_of("wss://hub"))
        self.assertIsNone(self.proxy_of("ws://hub", REQUEST_METHOD="GET", HTTP_PROXY="http://visitor:1"))

    def test_no_proxy_is_heeded(self):
        for entry, host, bypassed in [
            ("*", "hub", True),
            ("hub", "hub", True),
            ("hub", "myhub", False),
            (".corp", "hub.corp", True),
            ("*.corp", "hub.corp", True),
            ("corp", "hub.corp", True),
            ("other, hub.corp", "hub.corp", True),
            ("hub:7860", "hub:7860", True),
            ("hub:7861", "hub:7860", False),
            ("10.0.0.0/8", "10.1.2.3", True),
            ("10.0.0.0/8", "11.1.2.3", False),
            ("fd00::/8", "[fd00::1]", True),
        ]:
            with self.subTest(entry=entry, host=host):
                proxy = self.proxy_of(f"ws://{host}", HTTP_PROXY="http://p:1", NO_PROXY=entry)
                self.assertEqual(proxy is None, bypassed)

    def test_a_proxy_of_another_kind_is_an_error_and_not_passed_by(self):
        publisher = AssetSpacePublisher("V75", "ws://hub", proxy="socks5://u:p@h:1", logger=self.logger)
        publisher.start()
        self.assertIn("proxy: got 'socks5' and a host, want http://host:port", self.warnings()[0])


@unittest.skipUnless(peers.have_openssl(), "no openssl command to make a certificate with")
class TLS(Case):
    @classmethod
    def setUpClass(cls):
        cls.folder = tempfile.TemporaryDirectory()
        cls.addClassCleanup(cls.folder.cleanup)
        cls.certificate, key = peers.make_certificate(cls.folder.name)
        cls.server = peers.server_tls(cls.certificate, key)

    def client(self) -> ssl.SSLContext:
        return ssl.create_default_context(cafile=self.certificate)

    def test_publishing_over_tls(self):
        hub = self.hub(tls=self.server)
        publisher = self.publisher(hub.url, ssl_context=self.client())
        peer = hub.peer()
        peer.open.wait(5)
        peer.send(peers.PING, b"tls")
        peers.wait_until(lambda: peer.control(peers.PONG) == [b"tls"])
        for step in range(3):
            publisher.publish_training(TrainingMetrics(step))
            peers.wait_until(lambda step=step: len(peer.metrics()) == step + 1)
        publisher.stop()
        peers.wait_until(lambda: peer.control(peers.CLOSE) == [b"\x03\xe8"])

    def test_tls_through_a_proxy(self):
        with peers.Proxy() as proxy:
            hub = self.hub(tls=self.server)
            publisher = self.publisher(
                hub.url, ssl_context=self.client(), proxy=f"http://127.0.0.1:{proxy.port}", token=TOKEN
            )
            self.assertEqual(hub.peer().headers["x-quasar-token"], TOKEN)
            publisher.stop()

    def test_a_stranger_with_a_certificate_of_his_own_gets_nothing(self):
        hub = self.hub(tls=self.server)
        publisher = self.publisher(hub.url, token=TOKEN)
        peers.wait_until(lambda: publisher.stats["last_error"])
        self.assertIn("certificate verify failed", publisher.stats["last_error"].lower())
        self.assertEqual(hub.peers, [])

    def test_a_certificate_for_another_name_is_refused(self):
        hub = self.hub(tls=self.server)
        publisher = self.publisher(f"wss://127.0.0.2:{hub.port}", ssl_context=self.client())
        peers.wait_until(lambda: publisher.stats["last_error"])
        self.assertEqual(hub.peers, [])

    def test_a_hub_that_stalls_in_the_handshake_is_given_up(self):
        self.set(TIMEOUT=0.2, BACKOFF=(0.05,))
        hub = self.hub("mute")
        hub.serve = lambda sock: (hub.attempts.append(0), hub._until_stopped())
        self.publisher(f"wss://127.0.0.1:{hub.port}", ssl_context=self.client())
        peers.wait_until(lambda: len(hub.attempts) >= 3)


class WithoutPoll(Case):
    def test_systems_without_poll_use_select(self):
        stand_in = mock.Mock(spec=["select"])
        stand_in.select = websocket_client.select.select
        with mock.patch.object(websocket_client, "select", stand_in):
            hub = self.hub()
            publisher = self.publisher(hub.url)
            publisher.publish_training(TrainingMetrics(1))
            peers.wait_until(lambda: hub.peers and hub.peers[0].metrics())
            publisher.stop()


if __name__ == "__main__":
    logging.basicConfig()
    unittest.main()
