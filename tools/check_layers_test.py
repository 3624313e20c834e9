"""A tree that breaks a rule is refused, and one that keeps them passes."""

import tempfile
import unittest
from pathlib import Path

import check_layers


class CheckLayers(unittest.TestCase):
    def setUp(self):
        folder = tempfile.TemporaryDirectory()
        self.addCleanup(folder.cleanup)
        self.root = Path(folder.name)
        for name in ("base", "net"):
            (self.root / "src" / name).mkdir(parents=True)

    def write(self, name, *includes):
        path = self.root / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text("".join(f"#include {include}\n" for include in includes), encoding="utf-8")

    def problems(self):
        return check_layers.check(self.root)[0]

    def test_downward_includes_pass(self):
        self.write("src/net/listener.cc", '"net/listener.h"', '"base/check.h"', "<vector>", "<boost/asio.hpp>")
        self.write("src/app/main.cc", '"api/router.h"', "<CLI/CLI.hpp>")
        self.write("examples/echo_server/main.cc", '"server/server.h"', '"base/log.h"', '"echo_application.h"')
        self.assertEqual(self.problems(), [])

    def test_an_upward_include_fails_and_names_file_and_line(self):
        self.write("src/base/log.cc", "<string>", '"net/listener.h"')
        self.assertEqual(
            self.problems(), ["src/base/log.cc:2: includes net/listener.h: net lies above base"]
        )

    def test_siblings_may_not_include_each_other(self):
        self.write("src/auth/token.cc", '"protocol/json_writer.h"')
        self.write("src/protocol/packet.h", '"auth/token.h"')
        self.assertEqual(len(self.problems()), 2)

    def test_tests_keep_the_same_rule(self):
        self.write("src/net/listener_test.cc", '"hub/room.h"')
        self.assertEqual(len(self.problems()), 1)

    def test_an_example_may_not_know_the_product(self):
        self.write("examples/echo_server/main.cc", '"relay/publisher.h"')
        self.assertIn("an example may use server and below only", self.problems()[0])

    def test_an_unknown_folder_fails(self):
        (self.root / "src" / "util").mkdir()
        self.write("src/net/listener.cc", '"util/strings.h"')
        self.assertEqual(len(self.problems()), 2)

    def test_an_include_without_its_folder_fails(self):
        self.write("src/net/listener.cc", '"listener.h"')
        self.assertIn('"net/listener.h"', self.problems()[0])

    def test_only_the_endpoints_know_the_embedded_files(self):
        self.write("src/api/static_files.cc", '"web_files.h"', '"client_bundle.h"')
        self.assertEqual(self.problems(), [])
        self.write("src/net/listener.cc", '"web_files.h"')
        self.assertEqual(len(self.problems()), 1)

    def test_third_party_headers_stay_in_their_layer(self):
        for header, wrong, right in [
            ("<boost/asio.hpp>", "src/hub/room.cc", "src/net/listener.cc"),
            ("<simdjson.h>", "src/api/publish.cc", "src/protocol/json_fuzz.cc"),
            ("<openssl/evp.h>", "src/protocol/utf8.cc", "src/protocol/websocket_handshake.cc"),
            ("<openssl/ssl.h>", "src/relay/nonces.cc", "src/auth/hmac.cc"),
            ("<prometheus/registry.h>", "src/api/router.cc", "src/api/prometheus_exporter_test.cc"),
            ("<CLI/CLI.hpp>", "src/api/router.cc", "src/app/config_loader.cc"),
        ]:
            with self.subTest(header=header):
                self.write(right, header)
                self.assertEqual(self.problems(), [])
                self.write(wrong, header)
                self.assertEqual(len(self.problems()), 1)
                self.write(wrong)


if __name__ == "__main__":
    unittest.main()
