"""What the scripts beside this one share: a connection to Portcullis, and how its answers are read out.

No stubs are generated: the messages come from the service itself, by reflection.
"""

import argparse
import uuid
from collections.abc import Iterator
from pathlib import Path

import grpc
from google.protobuf.descriptor_pool import DescriptorPool
from google.protobuf.message_factory import GetMessageClass
from grpc_reflection.v1alpha.proto_reflection_descriptor_database import ProtoReflectionDescriptorDatabase

# How long an answer may take. Who is not answered repeats with the same `request_id`; an error is never a yes.
WITHIN_SECONDS = 10


class Portcullis:
    """The services of an engine, called under one token."""

    def __init__(self, args: argparse.Namespace):
        credentials = grpc.ssl_channel_credentials(args.ca.read_bytes())
        self.channel = grpc.secure_channel(args.endpoint.removeprefix("https://"), credentials)
        self.metadata = (("authorization", f"Bearer {args.token.read_text().strip()}"),)
        self.pool = DescriptorPool(ProtoReflectionDescriptorDatabase(self.channel))

    def call(self, name: str, **fields):
        """Calls `Service.Method`, under a new `request_id` where the method wants one."""
        call, request = self._prepared(name, fields)
        return call(request, metadata=self.metadata, timeout=WITHIN_SECONDS)

    def follow(self, name: str, **fields) -> Iterator:
        """The same, for a method that goes on answering."""
        call, request = self._prepared(name, fields, is_stream=True)
        return call(request, metadata=self.metadata)

    def wait_for_answer(self, challenge: str) -> None:
        """Waits until a challenge is over, and tells what it comes to."""
        # The first answer is how it stands now; each further one comes when that changes.
        for told in self.follow("DecisionService.WatchDecision", decision_id=challenge):
            if told.HasField("decision"):
                state = name_of(told.decision, "state")
                say("engine", state)
                if state != "PENDING":
                    return

    def _prepared(self, name: str, fields: dict, is_stream: bool = False):
        service, method = name.split(".")
        method = self.pool.FindServiceByName(f"portcullis.v1.{service}").methods_by_name[method]
        request_class, response_class = GetMessageClass(method.input_type), GetMessageClass(method.output_type)
        if "request_id" in method.input_type.fields_by_name:
            fields = {"request_id": str(uuid.uuid4()), **fields}
        kind = self.channel.unary_stream if is_stream else self.channel.unary_unary
        path = f"/portcullis.v1.{service}/{method.name}"
        call = kind(path, request_serializer=request_class.SerializeToString, response_deserializer=response_class.FromString)
        return call, request_class(**fields)


def name_of(message, field: str) -> str:
    """An enumerated value's name, without what it shares with the others of its kind."""
    enum = message.DESCRIPTOR.fields_by_name[field].enum_type
    shared = enum.values_by_number[0].name.removesuffix("UNSPECIFIED")
    return enum.values_by_number[getattr(message, field)].name.removeprefix(shared)


def say(who: str, what: str) -> None:
    """A line of the conversation, at once."""
    print(f"{who:<8} {what}", flush=True)


def tell(decision) -> None:
    """A decision: what it is, why, and what to say to the customer."""
    reasons = " ".join(reason.code for reason in decision.reasons)
    say("engine", f"{name_of(decision, 'outcome')} {reasons}".rstrip())
    step = decision.challenge.next_step or decision.denial.next_step
    if step:
        say("engine", f'to read out: "{step}"')


def tell_error(error: grpc.RpcError) -> None:
    """A call that was not answered with a decision."""
    say("engine", f"{error.code().name}: {error.details()}")


def parser(about: str) -> argparse.ArgumentParser:
    """The flags that every script has."""
    flags = argparse.ArgumentParser(description=about, formatter_class=argparse.RawDescriptionHelpFormatter)
    flags.add_argument("--endpoint", default="localhost:8443", help="host:port [default: %(default)s]")
    flags.add_argument("--ca", required=True, type=Path, help="the authority that signed the service's certificate")
    flags.add_argument("--token", required=True, type=Path, help="a file with the access token to call under")
    return flags
