"""Vaults that count who went in: Vault_bug without a lock, Vault_ok with one."""

from ._c import Key, Vault_bug, Vault_ok

__all__ = ["Key", "Vault_bug", "Vault_ok"]
