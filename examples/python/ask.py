#!/usr/bin/env python3
"""Asks a running Portcullis, as a carrier's porting system would, with nothing but stock gRPC packages.

No stubs are generated: the messages come from the service itself, by reflection. Start a service with `make run`, then:

    target/python/bin/python examples/python/ask.py --ca data/ca.pem --token data/tokens/porting-system
"""

import argparse
import json
import sys
import uuid
from pathlib import Path

import grpc
from google.protobuf.descriptor_pool import DescriptorPool
from google.protobuf.message_factory import GetMessageClass
from grpc_health.v1 import health_pb2, health_pb2_grpc
from grpc_reflection.v1alpha.proto_reflection_descriptor_database import ProtoReflectionDescriptorDatabase

SUBSCRIBERS = Path(__file__).resolve().parent.parent / "subscribers.jsonl"
DECISIONS = "portcullis.v1.DecisionService"


class Decisions:
    """The decision service, put together at run time from what the server says of itself."""

    def __init__(self, channel: grpc.Channel, token: str):
        self.channel, self.metadata = channel, (("authorization", f"Bearer {token}"),)
        pool = DescriptorPool(ProtoReflectionDescriptorDatabase(channel))
        self.service = pool.FindServiceByName(DECISIONS)
        self.outcome = pool.FindEnumTypeByName("portcullis.v1.Outcome").values_by_number

    def decide(self, **fields):
        method = self.service.methods_by_name["Decide"]
        request_class, response_class = GetMessageClass(method.input_type), GetMessageClass(method.output_type)
        call = self.channel.unary_unary(
            f"/{DECISIONS}/Decide",
            request_serializer=request_class.SerializeToString,
            response_deserializer=response_class.FromString,
        )
        request = request_class(request_id=str(uuid.uuid4()), **fields)
        return call(request, metadata=self.metadata, timeout=10).decision


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
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--endpoint", default="localhost:8443", help="host:port [default: %(default)s]")
    parser.add_argument("--ca", required=True, type=Path, help="the authority that signed the service's certificate")
    parser.add_argument("--token", required=True, type=Path, help="a file with a porting system's access token")
    args = parser.parse_args()

    endpoint = args.endpoint.removeprefix("https://")
    credentials = grpc.ssl_channel_credentials(args.ca.read_bytes())
    with grpc.secure_channel(endpoint, credentials) as channel:
        health = health_pb2_grpc.HealthStub(channel).Check(health_pb2.HealthCheckRequest(service=DECISIONS), timeout=10)
        print("health    ", health_pb2.HealthCheckResponse.ServingStatus.Name(health.status))

        decisions = Decisions(channel, args.token.read_text().strip())
        print("reflection", *(method.name for method in decisions.service.methods))

        for name, fields in try_lines():
            decision = decisions.decide(**fields)
            outcome = decisions.outcome[decision.outcome].name.removeprefix("OUTCOME_")
            codes = " ".join(decision.wire.codes) or "-"
            reasons = " ".join(reason.code for reason in decision.reasons) or "(carriers are told codes, no reasons)"
            print(f"{name:<10} {outcome:<9} wicis {codes:<3} {reasons}")

        wrong = try_lines()[0][1]
        wrong["line"]["msisdn"] = "not a number"
        try:
            decisions.decide(**wrong)
        except grpc.RpcError as error:
            print(f"bad field  {error.code().name}: {error.details()}")
        else:
            return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
