"""The certificate that the proxy serves."""

from collections.abc import Iterator
from datetime import datetime, timedelta
from pathlib import Path

from newsdesk.operations.doctor.finding import Finding, fine, problem, warning

_SOON = timedelta(days=21)


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
    begin, end = certificate.not_valid_before_utc, certificate.not_valid_after_utc
    if now < begin:
        yield problem("certificate", f"The certificate is not valid before {begin:%Y-%m-%d}.", "Look at the clock.")
    elif now > end:
        yield problem("certificate", f"The certificate ended on {end:%Y-%m-%d}.", "Renew it, and reload the proxy.")
    elif end - now < _SOON:
        fix = "Renew it, and reload the proxy; see why it was not renewed by itself."
        yield warning("certificate", f"The certificate ends on {end:%Y-%m-%d}, in {(end - now).days} days.", fix)
    else:
        yield fine("certificate", f"The certificate is valid until {end:%Y-%m-%d}.")
