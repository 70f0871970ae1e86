import os
from pathlib import Path

import pytest

from helpers import command
from saddle.pages import use_huge_pages

HUGE_PAGES = Path("/sys/kernel/mm/transparent_hugepage/enabled")


def test_what_the_user_has_set_stays(monkeypatch):
    monkeypatch.setattr(os, "environ", {"THP_MEM_ALLOC_ENABLE": "0"})
    use_huge_pages()
    assert os.environ == {"THP_MEM_ALLOC_ENABLE": "0"}


@pytest.mark.skipif(not HUGE_PAGES.exists(), reason="this kernel has no transparent huge pages")
@pytest.mark.parametrize(("setting", "asked"), [(None, True), ("0", False)])
def test_the_memory_of_a_large_tensor_is_asked_for_in_huge_pages(setting, asked):
    code = (
        "import saddle; saddle._prepare()\n"
        "import torch\n"
        "from pathlib import Path\n"
        "tensor = torch.ones(2**26, dtype=torch.int8)\n"
        "flags = [line for line in Path('/proc/self/smaps').read_text().splitlines() if line.startswith('VmFlags')]\n"
        "print(any(' hg' in line for line in flags))  # MADV_HUGEPAGE\n"
    )
    result = command("-c", code, THP_MEM_ALLOC_ENABLE=setting)
    assert result.stdout.strip() == str(asked), result.stderr
