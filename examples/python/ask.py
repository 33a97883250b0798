#!/usr/bin/env python3
"""Asks a running Portcullis, as a carrier's porting system would, with nothing but stock gRPC packages.

Run `make setup` once, start a service with `make run`, then:

    target/python/bin/python examples/python/ask.py --ca data/ca.pem --token data/tokens/porting-system
"""

import json
import sys
from pathlib import Path

import grpc
from carrier import WITHIN_SECONDS, Portcullis, name_of, parser
from grpc_health.v1 import health_pb2, health_pb2_grpc

SUBSCRIBERS = Path(__file__).resolve().parent.parent / "subscribers.jsonl"
DECISIONS = "portcullis.v1.DecisionService"


def port(msisdn: str, account_number: str, zip_code: str) -> dict:
    """The fields of a wireless port request, with no passcode."""
    return {
        "line": {"msisdn": msisdn},
        "change": {"port_out": {"gaining_spid": "X201", "gaining_name": "Example Wireless", "pon": "PY-1"}},
        "mode": "MODE_ENFORCE",
        "interaction": {"channel": "CHANNEL_PORT"},
        "claims": {"account_number": account_number, "postal_code": zip_code},
        "dialect": "wicis",
    }


def try_lines() -> list[tuple[str, dict]]:
    """The first two subscribers of the example have no part in its day: one is open, the other's owner locked it."""
    with SUBSCRIBERS.open() as rows:
        seeds = [json.loads(next(rows)) for _ in range(2)]
    named = zip(("open", "locked"), seeds)
    return [
        (
            name,
            port(
                seed["lines"][0]["msisdn"],
                seed["account"]["account_number"],
                seed["account"]["persons"][0]["postal_code"],
            ),
        )
        for name, seed in named
    ]


def main() -> int:
    engine = Portcullis(parser(__doc__).parse_args())
    stub = health_pb2_grpc.HealthStub(engine.channel)
    health = stub.Check(health_pb2.HealthCheckRequest(service=DECISIONS), timeout=WITHIN_SECONDS)
    print("health    ", health_pb2.HealthCheckResponse.ServingStatus.Name(health.status))
    print("reflection", *(method.name for method in engine.pool.FindServiceByName(DECISIONS).methods))

    for name, fields in try_lines():
        decision = engine.call("DecisionService.Decide", **fields).decision
        codes = " ".join(decision.wire.codes) or "-"
        reasons = " ".join(reason.code for reason in decision.reasons) or "(carriers are told codes, no reasons)"
        print(f"{name:<10} {name_of(decision, 'outcome'):<9} wicis {codes:<3} {reasons}")

    wrong = try_lines()[0][1]
    wrong["line"]["msisdn"] = "not a number"
    try:
        engine.call("DecisionService.Decide", **wrong)
    except grpc.RpcError as error:
        print(f"bad field  {error.code().name}: {error.details()}")
        return 0
    return 1


if __name__ == "__main__":
    sys.exit(main())
