"""Check the certificate of the proxy, and the validity of any certificate."""

from collections.abc import Iterator
from datetime import datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

from newsdesk.operations.doctor.finding import Finding, fine, problem, warning

if TYPE_CHECKING:
    from cryptography.x509 import Certificate

_SOON = timedelta(days=21)


class CertificateSubject(NamedTuple):
    """Whose certificate it is: the group of checks, what sentences call it, how it is renewed."""

    check: str
    name: str
    renewal: str


_PROXY = CertificateSubject("certificate", "The certificate", "Renew it, and reload the proxy.")


def check_certificate(file: Path | None, now: datetime) -> Iterator[Finding]:
    """Nothing where no certificate is named."""
    if file is None:
        return
    from cryptography import x509

    try:
        certificate = x509.load_pem_x509_certificate(file.read_bytes())
    except OSError as error:
        yield problem(
            "certificate", f"{file} cannot be read: {error.strerror}.", "Correct TLS_CERT_FILE or its rights."
        )
        return
    except ValueError:
        yield problem("certificate", f"{file} is no certificate in PEM.", "Let TLS_CERT_FILE name the certificate.")
        return
    yield from check_validity(certificate, now, _PROXY)


def check_validity(certificate: "Certificate", now: datetime, subject: CertificateSubject) -> Iterator[Finding]:
    """From when to when it is good."""
    begin, end = certificate.not_valid_before_utc, certificate.not_valid_after_utc
    if now < begin:
        yield problem(subject.check, f"{subject.name} is not valid before {begin:%Y-%m-%d}.", "Look at the clock.")
    elif now > end:
        yield problem(subject.check, f"{subject.name} ended on {end:%Y-%m-%d}.", subject.renewal)
    elif end - now < _SOON:
        sentence = f"{subject.name} ends on {end:%Y-%m-%d}, in {(end - now).days} days."
        yield warning(subject.check, sentence, f"{subject.renewal} See why it was not renewed by itself.")
    else:
        yield fine(subject.check, f"{subject.name} is valid until {end:%Y-%m-%d}.")
