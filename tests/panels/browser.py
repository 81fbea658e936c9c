"""A real Chromium on a page of the sample project, under a strict Content-Security-Policy."""

from __future__ import annotations

import base64
import hashlib
import os
import re
import shutil
import socket
import threading
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path
from typing import ClassVar

import pytest
from django.http import HttpRequest, HttpResponse
from django.test import testcases
from django.test.testcases import QuietWSGIRequestHandler
from pytest_django.live_server_helper import LiveServer
from selenium import webdriver
from selenium.webdriver.chrome.service import Service
from selenium.webdriver.common.by import By
from selenium.webdriver.remote.webelement import WebElement
from selenium.webdriver.support.wait import WebDriverWait

from sample_project.accounts.models import User
from sample_project.projects.models import Project

PROGRAMS = ("chromium", "chromedriver")
ARGUMENTS = (
    "--headless=new",
    "--no-sandbox",  # root has none
    "--disable-dev-shm-usage",
    "--disable-gpu",
    "--no-proxy-server",
    "--disable-background-networking",
    "--disable-component-update",
)
SECONDS = 60
_STYLE = re.compile(rb"<style>(.*?)</style>", re.DOTALL)


class StrictPolicy:
    """Allows what the site itself serves, and the style that the page has in it, by its hash."""

    def __init__(self, get_response) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        response = self.get_response(request)
        if not response.streaming:
            hashes = [hashlib.sha256(style).digest() for style in _STYLE.findall(response.content)]
            known = "".join(f" 'sha256-{base64.b64encode(one).decode()}'" for one in hashes)
            policy = f"default-src 'self'; style-src 'self'{known}"
            response.headers["Content-Security-Policy"] = policy
        return response


@pytest.fixture(scope="session")
def chromium(tmp_path_factory) -> Iterator[webdriver.Chrome]:
    missing = [program for program in PROGRAMS if not shutil.which(program)]
    if missing:
        why = os.environ.get("QUERYSCOPE_TEST_CHROMIUM_MISSING")
        pytest.skip(f"no browser: {why or f'{missing[0]} is not installed'}")
    options = webdriver.ChromeOptions()
    options.binary_location = shutil.which("chromium")
    for argument in (*ARGUMENTS, f"--user-data-dir={tmp_path_factory.mktemp('chromium')}"):
        options.add_argument(argument)
    options.set_capability("goog:loggingPrefs", {"browser": "ALL"})
    driver = webdriver.Chrome(options, Service(shutil.which("chromedriver")))
    yield driver
    driver.quit()


class Handler(QuietWSGIRequestHandler):
    """Can be ended: a connection that Chromium keeps open outlives the database otherwise."""

    running: ClassVar[list[tuple[threading.Thread, socket.socket]]] = []

    def setup(self) -> None:
        super().setup()
        self.running.append((threading.current_thread(), self.connection))

    @classmethod
    def end_all(cls) -> None:
        while cls.running:
            thread, connection = cls.running.pop()
            with suppress(OSError):  # it has ended
                connection.shutdown(socket.SHUT_RDWR)
            thread.join()


@pytest.fixture
def site(toolbar, transactional_db, settings, monkeypatch) -> Iterator[str]:
    """The URL of the sample project as a visitor is shown it, with a few rows."""
    settings.ROOT_URLCONF = "sample_project.toolbar_urls"
    settings.MIDDLEWARE = [
        "debug_toolbar.middleware.DebugToolbarMiddleware",
        "tests.panels.browser.StrictPolicy",
        "django.contrib.sessions.middleware.SessionMiddleware",
        "django.contrib.auth.middleware.AuthenticationMiddleware",
        "django.middleware.csrf.CsrfViewMiddleware",
    ]
    _fill()
    monkeypatch.setattr(testcases, "QuietWSGIRequestHandler", Handler)
    server = LiveServer("127.0.0.1")
    yield server.url
    server.thread.httpd.shutdown()
    Handler.end_all()
    server.stop()


def _fill() -> None:
    people = [User.objects.create_user(f"person{n}", password="x") for n in range(6)]
    projects = [Project.objects.create(name=f"Project {n}", owner=people[n]) for n in range(6)]
    for project in projects:
        project.team_members.set(people[:3])


class Window:
    """The browser's window on a page with the toolbar."""

    def __init__(self, driver: webdriver.Chrome, url: str, path: str, client) -> None:
        self.driver, self.url = driver, url
        client.force_login(User.objects.get(username="person0"))
        driver.get(f"{url}/static/queryscope/panel.svg")  # a page of the site, for its cookies
        driver.delete_all_cookies()
        driver.add_cookie({"name": "sessionid", "value": client.cookies["sessionid"].value})
        driver.execute_script("localStorage.setItem('djdt.show', 'true')")
        self.errors()
        driver.get(url + path)

    def toolbar(self) -> WebElement:
        """From 7 on it stands in a shadow tree."""
        script = "const root = document.getElementById('djDebugRoot');"
        script += "return (root?.shadowRoot || document).querySelector('#djDebug')"
        return WebDriverWait(self.driver, SECONDS).until(lambda d: d.execute_script(script))

    def find(self, selector: str) -> WebElement:
        """The first that is displayed, once it is."""

        def displayed(driver) -> WebElement | None:
            found = self.toolbar().find_elements(By.CSS_SELECTOR, selector)
            return next((element for element in found if element.is_displayed()), None)

        return WebDriverWait(self.driver, SECONDS).until(displayed, f"no {selector}")

    def open(self) -> None:
        """The panel, once its style has been loaded."""
        self.find(".QueryScopePanel").click()
        card = self.find("#QueryScopePanel .qs-card")
        WebDriverWait(self.driver, SECONDS).until(
            lambda driver: self.style(card, "border-left-width") == "4px"
        )

    def style(self, element: WebElement, name: str) -> str:
        return element.value_of_css_property(name)

    def errors(self) -> list[str]:
        """What the console has complained of since it was asked last."""
        told = [entry["message"] for entry in self.driver.get_log("browser")]
        return [message for message in told if "/favicon.ico" not in message]

    def emulate(self, scheme: str, width: int, height: int) -> None:
        features = [{"name": "prefers-color-scheme", "value": scheme}]
        self.driver.execute_cdp_cmd("Emulation.setEmulatedMedia", {"features": features})
        metrics = {"width": width, "height": height, "deviceScaleFactor": 1, "mobile": False}
        self.driver.execute_cdp_cmd("Emulation.setDeviceMetricsOverride", metrics)
        self.driver.refresh()

    def screenshot(self, name: str) -> None:
        """Kept where QUERYSCOPE_TEST_SCREENSHOTS says, if it does."""
        if folder := os.environ.get("QUERYSCOPE_TEST_SCREENSHOTS"):
            self.driver.save_screenshot(str(Path(folder) / f"{name}.png"))


@pytest.fixture
def window(chromium, site, client) -> Window:
    window = Window(chromium, site, "/projects/", client)
    window.emulate("light", 1400, 1000)
    return window
