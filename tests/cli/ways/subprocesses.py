import subprocess


def stress(thread):
    subprocess.run(["true"], check=True)
