"""A release changes files wherever they are packaged, reaches those functions alone, and can be taken back."""

from __future__ import annotations

import pytest

from patisserie.session import open_lab
from patisserie.targets import TargetError


@pytest.fixture(scope="module")
def session(tmp_path_factory):
    session = open_lab("01", workdir=tmp_path_factory.mktemp("work"))
    session.deploy("mine")
    yield session
    session.close()


def test_a_release_reaches_every_function_with_a_copy_of_the_file_and_no_other(session):
    released = session.release("mine", "new-greeting")
    assert released.replaced == ("NotificationsFunction", "ShopFunction")
    assert repr(released) == (
        "The release 'new-greeting' replaced the code of 2 of 4 functions: NotificationsFunction, ShopFunction."
    )
    session.deploy("mine")


def test_a_deployment_takes_it_back_and_the_working_copy_never_had_it(session):
    original = (session.workspace.directory / "src" / "notifications" / "message.py").read_bytes()
    session.release("mine", "new-greeting")
    assert (session.workspace.directory / "src" / "notifications" / "message.py").read_bytes() == original
    session.deploy("mine")
    assert session.release("mine", "new-layout").replaced == ("ShopFunction",)
    session.deploy("mine")


def test_an_unknown_release_is_refused_with_those_there_are(session):
    with pytest.raises(TargetError, match="no release 'friday'; there are: new-greeting, new-layout, new-storage"):
        session.release("mine", "friday")


def test_files_in_folders_are_named_with_their_folder(session):
    with pytest.raises(Exception, match=r"its files are notifications/message.py, .*orders/orders.py"):
        session.workspace.write_handler("orders.py", "x = 1")
    for outside in ("../template.yaml", "/etc/passwd"):
        with pytest.raises(Exception, match="There is no file"):
            session.workspace.write_handler(outside, "x = 1")
