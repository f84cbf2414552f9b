"""A phone's home screen that tells its maker what is opened on it.

Documented: home screens and settings of the maker's phones reported the folders
that were opened and the screens that were viewed (press of 2020-04-30; Liu,
Patras, Leith, 2021). Apps of the case did so by the Sensors Analytics SDK: the
event `$AppViewScreen` with `$screen_name`, in the envelope of
`reporting-browser/wire.js`. Others use OneTrack: one POST to `/track/v4` for each
screen, to a server whose key the app knows, so that nobody can look in.
Our reconstruction: that both are this small program; the event of a folder; the
interval of sending; that OneTrack's pin is the key of nobody.

Told by lines on standard input what a person does (`open TAB folder TAB screen`),
it answers each with a line. Nothing but Python's own library is used.
"""

import base64
import gzip
import http.client
import json
import os
import pathlib
import ssl
import sys
import threading
import time
import urllib.parse
import uuid

HERE = pathlib.Path(__file__).parent
HOME = pathlib.Path(os.environ["HOME"])
EDITION = json.loads((HERE / "edition.json").read_text())

# Made for this file, its private half thrown away: no server has it.
NOBODYS = HERE / "pin.pem"


def java_hash(text):
    """Java's String.hashCode: `crc` of the envelope is this and no CRC."""
    value = 0
    for letter in text:
        value = (31 * value + ord(letter)) & 0xFFFFFFFF
    return value - (1 << 32) if value >> 31 else value


def kept(name, make):
    """A value that stays with the install."""
    path = HOME / ("." + name)
    if not path.exists():
        path.write_text(make())
    return path.read_text()


def post(url, body, headers, trust):
    """Gives the status, or none if there was no connection to be had."""
    at = urllib.parse.urlsplit(url)
    connection = http.client.HTTPSConnection(at.hostname, timeout=10, context=trust)
    try:
        connection.request("POST", f"{at.path}?{at.query}" if at.query else at.path, body, headers)
        return connection.getresponse().status
    except OSError:
        return None
    finally:
        connection.close()


class Sensors:
    """Events wait on disk and are sent by a timer."""

    def __init__(self):
        self.queue = HOME / ".queue"
        self.lock = threading.Lock()
        self.id = kept("anonymous_id", lambda: str(uuid.uuid4()))
        self.device = pathlib.Path("/etc/machine-id").read_text()[:16]
        self.trust = ssl.create_default_context()
        threading.Thread(target=self.send_in_time, daemon=True).start()

    def opened(self, folder, screen):
        events = [
            self.event("$AppClick", {"$element_content": folder, "$screen_name": screen}),
            self.event("$AppViewScreen", {"$screen_name": screen, "folder_name": folder}),
        ]
        with self.lock:
            self.queue.write_text(json.dumps(self.waiting() + events))

    def event(self, name, properties):
        properties = {"$device_id": self.device, "$os": "Android", "$model": "Redmi Note 8", **properties}
        lib = {"$lib": "Android", "$lib_version": "3.2.10", "$lib_method": "code"}
        now = int(time.time() * 1000)
        return {"type": "track", "event": name, "time": now, "distinct_id": self.id, "lib": lib, "properties": properties}

    def waiting(self):
        return json.loads(self.queue.read_text()) if self.queue.exists() else []

    def send_in_time(self):
        while True:
            time.sleep(EDITION["flush_ms"] / 1000)
            with self.lock:
                events = self.waiting()
                if events and self.sent(events):
                    self.queue.unlink()

    def sent(self, events):
        data = base64.b64encode(gzip.compress(json.dumps(events).encode())).decode()
        form = urllib.parse.urlencode({"crc": java_hash(data), "gzip": 1, "data_list": data})
        status = post(EDITION["collector"], form, {"Content-Type": "application/x-www-form-urlencoded"}, self.trust)
        return status is not None and status not in (403, 404) and status < 500


class OneTrack:
    """One POST a screen, to whoever has the right key and to nobody else."""

    def __init__(self):
        self.trust = ssl.create_default_context(cafile=NOBODYS)

    def opened(self, folder, screen):
        body = gzip.compress(json.dumps([{"B": {"folder": folder, "screen": screen}}]).encode())
        headers = {"Content-Type": "application/octet-stream", "OT_sender": "com.miui.home", "OT_protocol": "3.0"}
        post(EDITION["collector"], body, headers, self.trust)


def is_online():
    """Phones ask for an empty page to learn whether they are online."""
    connection = http.client.HTTPConnection("connect.rom.miui.com", timeout=10)
    try:
        connection.request("GET", "/generate_204")
        connection.getresponse().read()
    except OSError:
        pass
    finally:
        connection.close()


def main():
    is_online()
    reporter = {"sensors": Sensors, "onetrack": OneTrack, "nothing": None}[EDITION["reports"]]
    reporter = reporter and reporter()
    print("ready", flush=True)
    for line in sys.stdin:
        _, folder, screen = line.rstrip("\n").split("\t")
        if reporter:
            reporter.opened(folder, screen)
        print("opened", flush=True)


main()
