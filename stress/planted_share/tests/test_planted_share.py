"""Tests as a package has them: each makes what it needs, and nothing is shared by itself."""

import planted_share
import pytest


@pytest.mark.parametrize("name", ["bug", "ok"])
def test_a_key_opens_its_vault(name):
    vault = getattr(planted_share, f"Vault_{name}")()
    key = vault.cut()
    for _ in range(3):
        key.turn()
    assert vault.enter(key) >= 1


def test_a_key_that_was_not_turned_does_not():
    vault = planted_share.Vault_bug()
    other = vault.cut()
    with pytest.raises(ValueError, match="not turned"):
        vault.enter(other)


def test_the_key_of_another_vault_does_not():
    key = planted_share.Vault_ok().cut()
    with pytest.raises(ValueError, match="this vault"):
        planted_share.Vault_ok().enter(key)
