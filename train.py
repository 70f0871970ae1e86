"""Train a GAN: `python train.py [overrides]`. Every choice is a file under conf/; README.md shows the first steps."""

from saddle.pages import use_huge_pages
from saddle.threads import set_thread_policy

set_thread_policy()  # both before torch is imported
use_huge_pages()

from saddle.cli import train  # noqa: E402

if __name__ == "__main__":
    train()
