#!/usr/bin/env python3
"""Writes `subscribers.jsonl`, `app-keys.json` and the sheets of `day/`: the same bytes each time.

Needs Python 3.11 and the packages of `python/requirements.txt`. `--check` writes nothing and fails if a file differs.
"""

import argparse
import json
import sys
from pathlib import Path

from generator import hostile, honest
from generator.day import SHEETS, Day
from generator.population import Population, seed

HERE = Path(__file__).resolve().parent
SEED = 5550100

KEYS_NOTE = (
    "Example keys, for the made-up devices of subscribers.jsonl. They are published here, so they protect nothing: "
    "never enrol one of them anywhere."
)


def files() -> dict[Path, str]:
    day = Day(Population(SEED))
    day.people.try_accounts()
    honest.everything(day)
    hostile.everything(day)
    accounts = day.people.accounts
    keys = {device.device_id: device.key.private_jwk() for account in accounts for device in account.devices}
    made = {HERE / "day" / f"{sheet}.csv": day.csv(sheet) for sheet in SHEETS}
    made[HERE / "subscribers.jsonl"] = "".join(seed(account) + "\n" for account in accounts)
    lines = ",\n".join(f"  {json.dumps(name)}: {json.dumps(key)}" for name, key in keys.items())
    made[HERE / "app-keys.json"] = f"{{\n  \"about\": {json.dumps(KEYS_NOTE)},\n{lines}\n}}\n"
    return made


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--check", action="store_true", help="compare instead of writing")
    check = parser.parse_args().check
    differing = []
    for path, text in files().items():
        if check:
            if not path.is_file() or path.read_text() != text:
                differing.append(path.relative_to(HERE))
        else:
            path.parent.mkdir(exist_ok=True)
            path.write_text(text)
    for path in differing:
        print(f"{path} is not what generate.py makes", file=sys.stderr)
    return 1 if differing else 0


if __name__ == "__main__":
    sys.exit(main())
