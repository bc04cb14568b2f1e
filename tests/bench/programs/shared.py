"""What a service does with objects that its threads share: looks up, counts, and makes texts."""


class Account:
    def __init__(self, number):
        self.number = number
        self.balance = 0
        self.entries = []

    def book(self, amount):
        self.balance += amount
        self.entries.append(amount)
        if len(self.entries) > 20:
            self.entries.clear()


accounts = {f"account {number}": Account(number) for number in range(500)}
totals = {}


def work():
    for turn in range(12):
        for name, account in accounts.items():
            account.book(turn)
            kind = name.rpartition(" ")[2][-1:]
            totals[kind] = totals.get(kind, 0) + turn
            text = f"{name}: {account.balance:>8} {account.number}"
            words = [word.strip().upper() for word in text.split()]
            assert words[0] == "ACCOUNT"
    return totals
