"""`make bench` runs to its end: each measurement gets the answers that it expects, however slow."""

import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]


@pytest.mark.exhaustive
@pytest.mark.timeout(1500)
def test_a_quick_run_gets_the_right_answers(tmp_path: Path) -> None:
    """Nothing else notices when the benchmarks no longer fit the tests' harness."""
    command = [sys.executable, "-m", "tests.benchmarks", "--quick", "--seconds", "1"]
    ended = subprocess.run(
        [*command, "--rounds", "1", "--output", str(tmp_path)],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=False,
    )
    assert ended.returncode == 0, ended.stdout[-4000:] + ended.stderr[-4000:]
    assert "Goals" in ended.stdout
    assert (tmp_path / "results.json").exists()
