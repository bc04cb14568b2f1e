"""Each thread has an iteration of its own."""

words = {f"word {number}": number for number in range(400)}


def stress(thread_index):
    for word, number in words.items():
        assert words[word] == number
    assert sum(words.values()) == sum(number for number in words.values())
