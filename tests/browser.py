"""A headless Chromium that tests talk to over its own pipe: what a page asks for, prints and looks like.

No library: the protocol is JSON between null bytes, and the few commands that tests need would not fill one.
"""

from __future__ import annotations

import base64
import fcntl
import json
import os
import select
import shutil
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

FLAGS = [
    "--headless",
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--hide-scrollbars",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
]
MOST_SECONDS = 120  # without a word from the browser: then it hangs
COMPLAINTS = ("Runtime.exceptionThrown", "Log.entryAdded", "Runtime.consoleAPICalled")


class Tab:
    """A page in the browser. `complaints`: what its console says; `asked_for`: addresses that it asked for."""

    def __init__(self, orders: int, answers: int, folder: Path) -> None:
        self.orders, self.answers, self.folder = orders, answers, folder
        self.waiting, self.number = b"", 0
        self.session: str | None = None
        self.complaints: list[Any] = []
        self.asked_for: list[str] = []
        self.loaded = False
        self.saving = self.saved_as = ""

    def call(self, method: str, **params: object) -> dict[str, Any]:
        """Give one command and return its result."""
        self.number += 1
        message = {"id": self.number, "method": method, "params": params}
        if self.session:
            message["sessionId"] = self.session
        os.write(self.orders, json.dumps(message).encode() + b"\0")
        while True:
            told = self._next()
            if told.get("id") == self.number:
                assert "error" not in told, told
                return told["result"]
            self._note(told)

    def _next(self) -> dict[str, Any]:
        while b"\0" not in self.waiting:
            assert select.select([self.answers], [], [], MOST_SECONDS)[0], "the browser says nothing"
            read = os.read(self.answers, 1 << 20)
            assert read, "the browser is gone"
            self.waiting += read
        one, self.waiting = self.waiting.split(b"\0", 1)
        return json.loads(one)

    def _note(self, told: dict[str, Any]) -> None:
        method = told.get("method", "")
        if method in COMPLAINTS:
            self.complaints.append(told["params"])
        elif method == "Network.requestWillBeSent":
            self.asked_for.append(told["params"]["request"]["url"])
        elif method == "Page.loadEventFired":
            self.loaded = True
        elif method == "Browser.downloadWillBegin":
            self.saved_as = told["params"]["suggestedFilename"]
        elif method == "Browser.downloadProgress":
            self.saving = told["params"]["state"]

    def open(self, page: Path) -> None:
        """Open a file and wait until it is there."""
        self.loaded = False
        self.call("Page.navigate", url=page.resolve().as_uri())
        while not self.loaded:
            self._note(self._next())

    def run(self, script: str) -> Any:
        """Return what an expression comes to, a promise's outcome too."""
        found = self.call("Runtime.evaluate", expression=script, returnByValue=True, awaitPromise=True)
        assert "exceptionDetails" not in found, found
        return found["result"].get("value")

    def saved(self, script: str) -> Path:
        """Return the file that a script's click saves, once it is whole."""
        self.saving = ""
        self.call("Runtime.evaluate", expression=script, userGesture=True)
        while self.saving != "completed":
            self._note(self._next())
        return self.folder / self.saved_as

    def width(self, pixels: int, height: int = 900) -> None:
        """Make the window so wide, a telephone's below 500."""
        self.call(
            "Emulation.setDeviceMetricsOverride", width=pixels, height=height, deviceScaleFactor=1, mobile=pixels < 500
        )

    def picture(self, path: Path) -> Path:
        """Take a picture of the whole page."""
        shot = self.call("Page.captureScreenshot", format="png", captureBeyondViewport=True)
        path.write_bytes(base64.b64decode(shot["data"]))
        return path

    def printed(self, path: Path) -> Path:
        """Print the page on A4."""
        paper = self.call("Page.printToPDF", preferCSSPageSize=True, printBackground=False)
        path.write_bytes(base64.b64decode(paper["data"]))
        return path


@contextmanager
def browser(folder: Path) -> Iterator[Tab]:
    """Start a browser whose profile and downloads lie in a folder, and end it."""
    chromium = shutil.which("chromium")
    assert chromium, "Chromium is not installed; `make test` leaves this out and says so"
    read_orders, orders = _pipe()
    answers, write_answers = _pipe()
    words = [chromium, *FLAGS, f"--user-data-dir={folder / 'profile'}", "--remote-debugging-pipe", "about:blank"]
    # the browser listens on 3 and speaks on 4
    started = subprocess.Popen(
        ["bash", "-c", f'exec "$@" 3<&{read_orders} 4>&{write_answers}', "bash", *words],
        pass_fds=(read_orders, write_answers),
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )
    for end in (read_orders, write_answers):
        os.close(end)
    try:
        yield _tab(orders, answers, folder)
    finally:
        started.terminate()
        started.wait(timeout=MOST_SECONDS)
        for end in (orders, answers):
            os.close(end)


def _pipe() -> tuple[int, int]:
    """Both ends of a pipe, away from the numbers by which the browser knows its own."""
    ends = os.pipe()
    away = fcntl.fcntl(ends[0], fcntl.F_DUPFD_CLOEXEC, 20), fcntl.fcntl(ends[1], fcntl.F_DUPFD_CLOEXEC, 20)
    for end in ends:
        os.close(end)
    return away


def _tab(orders: int, answers: int, folder: Path) -> Tab:
    tab = Tab(orders, answers, folder)
    (target, *_) = [one for one in tab.call("Target.getTargets")["targetInfos"] if one["type"] == "page"]
    session = tab.call("Target.attachToTarget", targetId=target["targetId"], flatten=True)
    tab.call("Browser.setDownloadBehavior", behavior="allow", downloadPath=str(folder), eventsEnabled=True)
    tab.session = session["sessionId"]
    for domain in ("Page", "Network", "Runtime", "Log"):
        tab.call(f"{domain}.enable")
    return tab
