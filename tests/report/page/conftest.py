"""The small suite's page, and a headless Chromium to look at it with."""

from __future__ import annotations

import json
import os
import select
import shutil
import subprocess
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from PIL import Image, ImageDraw

from ncabench.report.page import document, writing

NAMES = ("chromium", "chromium-browser", "google-chrome", "google-chrome-stable", "chrome")
PATIENCE_S = 30
FLAGS = ("--headless", "--no-sandbox", "--disable-gpu", "--remote-debugging-pipe")


def found() -> str | None:
    """Return the browser that CHROME names, or one on the path, or None."""
    named = os.environ.get("CHROME")
    return named or next((path for name in NAMES if (path := shutil.which(name))), None)


class Chromium:
    """One page in a browser of its own, over its debugging pipe, and the errors it told."""

    def __init__(self, profile: Path) -> None:
        commands, self._send = os.pipe()
        self._receive, answers = os.pipe()
        program = [str(found()), *FLAGS, f"--user-data-dir={profile}", "about:blank"]
        line = f'exec 3<&{commands} 4>&{answers}; exec "$@"'  # the pipe's ends are 3 and 4
        self._process = subprocess.Popen(
            ["bash", "-c", line, "-", *program],
            pass_fds=(commands, answers),
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
        )
        os.close(commands)
        os.close(answers)
        self._rest, self._count, self._session = b"", 0, ""
        self.errors: list[str] = []
        page = next(
            one
            for one in self.call("Target.getTargets")["targetInfos"]
            if one["type"] == "page"
        )
        target = {"targetId": page["targetId"], "flatten": True}
        self._session = self.call("Target.attachToTarget", **target)["sessionId"]
        for domain in ("Page", "Runtime", "Log"):
            self.call(f"{domain}.enable")

    def call(self, method: str, **given: Any) -> dict[str, Any]:
        """Send a command and return its result."""
        self._count += 1
        message: dict[str, Any] = {"id": self._count, "method": method, "params": given}
        if self._session:
            message["sessionId"] = self._session
        os.write(self._send, json.dumps(message).encode() + b"\0")
        while True:
            answer = self._next()
            if answer.get("id") == self._count:
                assert "error" not in answer, answer["error"]
                return dict(answer["result"])
            self._heard(answer)

    def open(self, address: str) -> None:
        """Load a page anew and wait until it is whole, for as long as one may have to."""
        self.call("Page.navigate", url="about:blank")
        self.call("Page.navigate", url=address)
        ends = time.monotonic() + PATIENCE_S
        there = "location.href !== 'about:blank' && document.readyState === 'complete'"
        while not self.run(there):
            assert time.monotonic() < ends, f"{address} does not load"

    def run(self, script: str) -> Any:
        """Return the value of an expression in the page."""
        given = {"expression": script, "returnByValue": True, "awaitPromise": True}
        answer = self.call("Runtime.evaluate", **given)
        assert "exceptionDetails" not in answer, answer["exceptionDetails"]
        return answer["result"].get("value")

    def press(self, key: str, *, code: int, text: str = "") -> None:
        """Press a key and let it go."""
        given = {"key": key, "code": key, "windowsVirtualKeyCode": code}
        self.call("Input.dispatchKeyEvent", type="keyDown", text=text, **given)
        self.call("Input.dispatchKeyEvent", type="keyUp", **given)

    def size(self, width: int, height: int) -> None:
        """Give the window a size in CSS pixels."""
        given = {"deviceScaleFactor": 1, "mobile": False}
        self.call("Emulation.setDeviceMetricsOverride", width=width, height=height, **given)

    def prefer(self, **features: str) -> None:
        """Set media features, such as ``prefers_color_scheme="dark"``."""
        told = [{"name": k.replace("_", "-"), "value": v} for k, v in features.items()]
        self.call("Emulation.setEmulatedMedia", features=told)

    def close(self) -> None:
        """End the browser."""
        self._process.terminate()
        self._process.wait(20)
        os.close(self._send)
        os.close(self._receive)

    def _next(self) -> dict[str, Any]:
        while b"\0" not in self._rest:
            ready, _, _ = select.select([self._receive], [], [], PATIENCE_S)
            assert ready, "the browser does not answer"
            more = os.read(self._receive, 1 << 20)
            assert more, "the browser has ended"
            self._rest += more
        raw, _, self._rest = self._rest.partition(b"\0")
        return dict(json.loads(raw))

    def _heard(self, event: dict[str, Any]) -> None:
        method, told = event.get("method"), event.get("params", {})
        failed = method == "Runtime.exceptionThrown"
        failed |= method == "Runtime.consoleAPICalled" and told["type"] in ("error", "warning")
        failed |= method == "Log.entryAdded" and told["entry"]["level"] in ("error", "warning")
        if failed:
            self.errors.append(json.dumps(told))


def strip(path: Path, *, steps: list[int], side: int = 16) -> None:
    """Draw a filmstrip as runs do: square frames, each of its own grey, its time below it."""
    picture = Image.new("RGB", (len(steps) * (side + 2) - 2, side + 12), "white")
    pen = ImageDraw.Draw(picture)
    for place, step in enumerate(steps):
        left = place * (side + 2)
        grey = 40 * place
        picture.paste((grey, grey, grey), (left, 0, left + side, side))
        pen.text((left + 1, side), f"t={step}", fill="black")
    picture.save(path)


@pytest.fixture
def filmed(runs) -> list[Any]:
    """The small suite's runs with filmstrips of four frames of 32 px, and trainings' logs."""
    for run in runs:
        path = run.folder / "filmstrip-fire.png"
        if path.is_file():
            strip(path, steps=[0, 10, 10, 15], side=32)
        if run.role == "training":
            lines = [{"iteration": at, "loss": 1 / at} for at in (50, 100, 150)]
            log = "\n".join(map(json.dumps, lines))
            (run.folder / "log.jsonl").write_text(log, encoding="utf-8")
            record = {"artifacts": {"log.jsonl": ""}, "environment": {"commit": "abc"}}
            (run.folder / "record.json").write_text(json.dumps(record), encoding="utf-8")
    return list(runs)


@pytest.fixture
def built(plan, filmed) -> dict[str, Any]:
    return document.build([plan], filmed)


@pytest.fixture
def draw() -> Callable[..., None]:
    return strip


@pytest.fixture(scope="session")
def chromium(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Chromium]:
    if found() is None:
        pytest.skip(
            f"no browser: none of {', '.join(NAMES)} is on the path; CHROME may name one"
        )
    browser = Chromium(tmp_path_factory.mktemp("profile"))
    yield browser
    browser.close()


@pytest.fixture
def browser(chromium: Chromium, plan, filmed, tmp_path) -> Chromium:
    """The small suite's page in a wide window, loaded from its file."""
    [page] = writing.write([plan], filmed, out=tmp_path / "out").files
    chromium.errors.clear()
    chromium.prefer()
    chromium.size(1280, 900)
    chromium.open(page.as_uri())
    return chromium
