"""A consortium's own program, in another language: registers, drafts, sends documents, submits and
verifies what it was given in return, knowing nothing of bando but its .proto files and proto/bando/v1/receipt.md.

Usage: client.py ENDPOINT PROTO_FOLDER ADMIN_TOKEN_FILE OFFICER_TOKEN_FILE APPROVER_TOKEN_FILE
The daemon runs on a simulated clock, before the opening of the call er/2016. Prints OK.
"""

import base64
import hashlib
import json
import pathlib
import sys
import tempfile

import grpc
import grpc_tools
from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey
from google.protobuf import field_mask_pb2
from grpc_tools import protoc


def generate(proto, target):
    """Makes Python stubs of the published contract in the folder `target`."""
    here = pathlib.Path(__file__).parent
    wellknown = pathlib.Path(grpc_tools.__file__).parent / "_proto"
    files = sorted(str(path.relative_to(proto)) for path in proto.rglob("*.proto"))
    includes = [f"-I{folder}" for folder in (proto, here, wellknown)]
    outputs = [f"--python_out={target}", f"--grpc_python_out={target}"]
    code = protoc.main(["protoc", *includes, *outputs, *files, "error_details.proto"])
    assert code == 0, "the contract does not compile"
    sys.path.insert(0, str(target))


def bearer(path):
    return [("authorization", f"Bearer {pathlib.Path(path).read_text().strip()}")]


def canonical(value):
    """RFC 8785 for what bando signs: ASCII keys, no fractions."""
    text = json.dumps(value, sort_keys=True, separators=(",", ":"), ensure_ascii=False)
    return text.encode()


def refused(call, code):
    """The error details of a call that must be refused with `code`, by message name."""
    import error_details_pb2

    try:
        call()
    except grpc.RpcError as error:
        assert error.code() == code, (error.code(), error.details())
        trailers = dict(error.trailing_metadata())
        status = error_details_pb2.Status.FromString(trailers["grpc-status-details-bin"])
        assert status.message == error.details()
        return {detail.type_url.rsplit(".", 1)[1]: detail for detail in status.details}
    raise AssertionError(f"{code} was expected, the call went through")


def unpack(details, kind):
    message = kind()
    assert details[kind.DESCRIPTOR.name].Unpack(message)
    return message


def partita_iva(number):
    ten = f"{number:07d}037"
    total = 0
    for position, digit in enumerate(ten):
        value = int(digit) * (1 + position % 2)
        total += value - 9 if value > 9 else value
    return ten + str(-total % 10)


def verify(signed, keys, kind):
    """Checks a signed statement as receipt.md says; answers its statement."""
    statement = {
        "kind": kind,
        "call": signed.call,
        "application": signed.application,
        "received_at": signed.received_at,
        "closes_at": signed.closes_at,
        "content_sha256": signed.content_sha256,
        "event": signed.event,
        "key_id": signed.key_id,
    }
    if signed.protocol:
        statement["protocol"] = signed.protocol
    public = base64.b64decode(keys[signed.key_id], validate=True)
    assert hashlib.sha256(public).hexdigest()[:16] == signed.key_id
    signature = base64.b64decode(signed.signature, validate=True)
    key = Ed25519PublicKey.from_public_bytes(public)
    key.verify(signature, canonical(statement))
    for field in statement:
        try:
            key.verify(signature, canonical({**statement, field: statement[field] + "0"}))
        except InvalidSignature:
            continue
        raise AssertionError(f"the signature does not cover {field}")
    return statement


def consortium(consortia):
    members = [
        consortia.Member(
            partita_iva=partita_iva(number),
            title=f"Officina {number} d'Oltrepò",
            region="Emilia-Romagna",
            artisan=number <= 5,
            size=consortia.SME_CLASS_SMALL,
            share_cents=200_000,
            joined_on="2010-01-01",
        )
        for number in range(1, 11)
    ]
    profile = consortia.Profile(
        title="Consorzio di prova",
        partita_iva=partita_iva(5000),
        form=consortia.LEGAL_FORM_CONSORTIUM,
        seat_country="IT",
        seat_region="Emilia-Romagna",
        fund_subscribed_cents=2_000_000,
        fund_paid_cents=500_000,
        statute_forbids_profit=True,
        active=True,
        sme_majority_of_directors=True,
        accreditation=consortia.ACCREDITATION_ENTRY,
        members=members,
    )
    contact = consortia.Contact(
        legal_representative="Ada Prova", email="ada@consorzio.example", language="it"
    )
    return consortia.Consortium(profile=profile, contact=contact)


def project(applications, declarations):
    activity = applications.Activity(
        code="A1", kind=applications.ACTIVITY_KIND_EXHIBITION, title="Fiera di Lione", market="FR"
    )
    line = applications.BudgetLine(
        activity="A1", category="fairs_abroad", description="stand", amount_cents=12_000_001
    )
    return applications.Project(
        summary="Più mercati, è ora ‹€›",
        sector="meccanica",
        starts_on="2016-07-01",
        ends_on="2017-06-30",
        activities=[activity],
        participants=[partita_iva(number) for number in range(1, 9)],
        budget_lines=[line],
        declarations=declarations,
    )


class Office:
    """What the region does around the consortium's own story."""

    def __init__(self, channel, admin, officer, approver):
        from bando.v1 import call_service_pb2 as calls
        from bando.v1 import call_service_pb2_grpc, clock_service_pb2_grpc
        from bando.v1 import consortium_service_pb2 as consortia
        from bando.v1 import consortium_service_pb2_grpc, proposal_service_pb2_grpc
        from bando.v1 import token_service_pb2_grpc

        self.calls = call_service_pb2_grpc.CallServiceStub(channel)
        self.clock = clock_service_pb2_grpc.ClockServiceStub(channel)
        self.consortia = consortium_service_pb2_grpc.ConsortiumServiceStub(channel)
        self.proposals = proposal_service_pb2_grpc.ProposalServiceStub(channel)
        self.tokens = token_service_pb2_grpc.TokenServiceStub(channel)
        self.admin, self.officer, self.approver = admin, officer, approver
        self.call_name = "programmes/er/calls/2016"
        self.messages = (calls, consortia)

    def open_call(self):
        calls, _ = self.messages
        known = self.calls.GetCall(calls.GetCallRequest(name=self.call_name), metadata=self.officer)
        request = calls.ProposePublicationRequest(name=known.name, etag=known.etag)
        proposal = self.calls.ProposePublication(request, metadata=self.officer)
        self.approve(proposal)
        self.turn_clock(known.window.opens_at.ToSeconds() + 86_400)
        return known

    def approve(self, proposal):
        from bando.v1 import proposal_service_pb2 as proposals

        request = proposals.ApproveProposalRequest(name=proposal.name, etag=proposal.etag)
        self.proposals.ApproveProposal(request, metadata=self.approver)

    def turn_clock(self, seconds):
        from bando.v1 import clock_service_pb2 as clocks

        request = clocks.AdvanceClockRequest()
        request.to.FromSeconds(seconds)
        self.clock.AdvanceClock(request, metadata=self.officer)

    def register(self):
        _, consortia = self.messages
        request = consortia.RegisterConsortiumRequest(
            parent="programmes/er", consortium=consortium(consortia)
        )
        wrong = consortia.RegisterConsortiumRequest()
        wrong.CopyFrom(request)
        wrong.consortium.profile.seat_country = "XX"
        wrong.consortium.profile.members[3].share_cents = -1
        self.expect_field_errors(wrong)
        return self.consortia.RegisterConsortium(request, metadata=self.officer)

    def expect_field_errors(self, request):
        import error_details_pb2 as errors

        details = refused(
            lambda: self.consortia.RegisterConsortium(request, metadata=self.officer),
            grpc.StatusCode.INVALID_ARGUMENT,
        )
        info = unpack(details, errors.ErrorInfo)
        assert (info.domain, info.reason) == ("bando", "INVALID_FIELD"), info
        fields = {violation.field for violation in unpack(details, errors.BadRequest).field_violations}
        for ending in ("profile.seat_country", "profile.members[3].share_cents"):
            assert any(field.endswith(ending) for field in fields), (ending, fields)

    def token_for(self, registered):
        from bando.v1 import token_service_pb2 as tokens

        token = tokens.Token(
            person="ada.prova",
            roles=[tokens.ROLE_CONSORTIUM],
            programme="programmes/er",
            consortium=registered.name,
        )
        request = tokens.CreateTokenRequest(token=token, days=90)
        created = self.tokens.CreateToken(request, metadata=self.admin)
        return [("authorization", f"Bearer {created.secret}")]


def apply(channel, office, registered, own):
    """Drafts, updates by mask and submits; answers the service, its messages and the answer."""
    import error_details_pb2 as errors
    from bando.v1 import application_service_pb2 as applications
    from bando.v1 import application_service_pb2_grpc

    service = application_service_pb2_grpc.ApplicationServiceStub(channel)
    draft = service.CreateApplication(
        applications.CreateApplicationRequest(
            parent=office.call_name,
            consortium=registered.name,
            project=applications.Project(title="Nuovi mercati"),
        ),
        metadata=own,
    )
    assert draft.state == applications.APPLICATION_STATE_DRAFT and draft.missing

    request = applications.SubmitApplicationRequest(name=draft.name, etag=draft.etag)
    details = refused(
        lambda: service.SubmitApplication(request, metadata=own),
        grpc.StatusCode.FAILED_PRECONDITION,
    )
    assert unpack(details, errors.ErrorInfo).reason == "APPLICATION_INCOMPLETE"
    subjects = {gap.subject for gap in unpack(details, errors.PreconditionFailure).violations}
    assert {"summary", "activities", "budget_lines"} <= subjects, subjects

    declarations = ["requirements_held", "no_unrecovered_aid", "no_double_funding"]
    rest = project(applications, declarations)
    paths = [field.name for field, _ in rest.ListFields()]
    rest.title = "not in the mask"
    request = applications.UpdateApplicationRequest(
        name=draft.name,
        project=rest,
        update_mask=field_mask_pb2.FieldMask(paths=paths),
        etag=draft.etag,
    )
    edited = service.UpdateApplication(request, metadata=own)
    assert edited.project.title == "Nuovi mercati", "the mask was not kept"
    assert edited.project.budget_lines == rest.budget_lines
    asked_for = ["documents[project_form]", "documents[statute]"]
    assert [gap.field for gap in edited.missing] == asked_for, edited.missing

    documents = send_documents(channel, draft.name, own)
    request = applications.GetApplicationRequest(name=draft.name)
    ready = service.GetApplication(request, metadata=own)
    assert not ready.missing and ready.etag != edited.etag, ready.missing

    request = applications.SubmitApplicationRequest(name=draft.name, etag=ready.etag)
    answer = service.SubmitApplication(request, metadata=own)
    assert answer.application.state == applications.APPLICATION_STATE_SUBMITTED
    return service, applications, answer, documents


def send_documents(channel, application, own):
    """Uploads what is mandatory, in small chunks, and reads it back; answers hashes by type."""
    from bando.v1 import document_service_pb2 as documents
    from bando.v1 import document_service_pb2_grpc

    service = document_service_pb2_grpc.DocumentServiceStub(channel)

    def upload(header, content):
        yield documents.UploadDocumentRequest(header=header)
        for start in range(0, len(content), 1000):
            yield documents.UploadDocumentRequest(chunk=content[start : start + 1000])

    hashes = {}
    for document_type in ("project_form", "statute"):
        content = b"%PDF-1.4\n" + document_type.encode() * 500 + b"\n%%EOF\n"
        header = documents.UploadHeader(
            parent=application,
            document_type=document_type,
            file_name=f"{document_type}.pdf",
            media_type="application/pdf",
            size_bytes=len(content),
            sha256=hashlib.sha256(content).hexdigest(),
        )
        refused(
            lambda: service.UploadDocument(upload(header, content[::-1]), metadata=own),
            grpc.StatusCode.DATA_LOSS,
        )
        added = service.UploadDocument(upload(header, content), metadata=own)
        request = documents.DownloadDocumentRequest(name=added.name)
        pieces = service.DownloadDocument(request, metadata=own)
        assert b"".join(piece.chunk for piece in pieces) == content
        hashes[document_type] = added.sha256
    return hashes


def main(endpoint, proto, admin, officer, approver):
    with tempfile.TemporaryDirectory() as stubs, grpc.insecure_channel(endpoint) as channel:
        generate(pathlib.Path(proto), stubs)
        import error_details_pb2 as errors
        from bando.v1 import receipt_service_pb2 as receipts
        from bando.v1 import receipt_service_pb2_grpc

        office = Office(channel, bearer(admin), bearer(officer), bearer(approver))
        published = office.open_call()
        registered = office.register()
        own = office.token_for(registered)
        service, applications, answer, documents = apply(channel, office, registered, own)
        name = answer.application.name

        key_service = receipt_service_pb2_grpc.ReceiptServiceStub(channel)
        listed = key_service.ListReceiptKeys(receipts.ListReceiptKeysRequest(), metadata=own)
        keys = {key.key_id: key.public_key for key in listed.keys}
        statement = verify(answer.receipt, keys, "receipt")
        assert statement["protocol"] == "ER-2016-0000001" and statement["call"] == "er/2016"

        request = applications.GetSubmissionRequest(name=name)
        content = service.GetSubmission(request, metadata=own).content
        assert hashlib.sha256(content).hexdigest() == statement["content_sha256"]
        assert canonical(json.loads(content)) == content, "the content is not in RFC 8785 form"
        assert json.loads(content)["project"]["title"] == "Nuovi mercati"
        sealed = {one["type"]: one["sha256"] for one in json.loads(content)["documents"]}
        assert sealed == documents, "the receipt does not stand for what was sent"
        assert b"Ada" not in content, "personal data were sealed"

        office.turn_clock(published.window.closes_at.ToSeconds() + 1)
        request = applications.SubmitApplicationRequest(name=name, etag=answer.application.etag)
        details = refused(
            lambda: service.SubmitApplication(request, metadata=own),
            grpc.StatusCode.FAILED_PRECONDITION,
        )
        assert unpack(details, errors.ErrorInfo).reason == "CALL_CLOSED"
        refusal = verify(unpack(details, receipts.SignedStatement), keys, "late_refusal")
        assert "protocol" not in refusal and refusal["received_at"] > refusal["closes_at"]
    print("OK")


if __name__ == "__main__":
    main(*sys.argv[1:])
