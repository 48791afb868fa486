"""Fails unless the smoke suite's Conv 3x3 learned, and both its recoveries are numbers."""

import json
import math
import subprocess
import sys

LEAST = 4.0  # the all-zero image's error over the trained model's


def main(results: str) -> int:
    """Read the finished smoke suite through the command line, as a user would."""
    found = json.loads(
        subprocess.run(
            ["ncabench", "plan", "suites/smoke.toml", "--json", "-k", "full",
             "--device", "cpu", "--results", results],
            check=True, capture_output=True, text=True,
        ).stdout
    )  # fmt: skip
    rows = [one for one in found if one["role"] == "evaluation"]
    if {row["perturbation"] for row in rows} != {"damage", "mutation"}:
        return 1
    for row in rows:
        shown = subprocess.run(
            ["ncabench", "show", row["id"], "--json", "--results", results],
            check=True, capture_output=True, text=True,
        )  # fmt: skip
        values = json.loads(shown.stdout)[0]["values"]
        ratio = values["rgba_mse/empty"] / values["rgba_mse/before"]
        recovery = values["perceptual/recovery"]
        sys.stdout.write(
            f"{row['perturbation']}: all-zero / trained RGBA error {ratio:.1f} "
            f"(at least {LEAST}), ST-LPIPS recovery {recovery:.1f} %\n"
        )
        if not (ratio >= LEAST and math.isfinite(recovery)):
            return 1
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1]))
