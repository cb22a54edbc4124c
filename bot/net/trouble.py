"""Why an exchange over the network failed, in words for a person: what aiohttp raised becomes a NetProblem."""

from __future__ import annotations

import asyncio
import errno
import os
import socket
import ssl
from typing import Literal

import aiohttp

Kind = Literal["guard", "dns", "connect", "tls", "timeout", "broken", "too_large"]


class NetProblem(Exception):
    """Why there is no answer, in words without secrets: `why` is what is wrong, `remedy` what a person can do.

    `sent` is False only when it is certain that nothing of the request reached the server.
    """

    def __init__(self, why: str, *, kind: Kind, remedy: str = "", sent: bool = False) -> None:
        super().__init__(why)
        self.why = why
        self.kind: Kind = kind
        self.remedy = remedy
        self.sent = sent


OWN_AUTHORITY = "If that is meant so, write its certificate to a file and name the file in SSL_CERT_FILE"

# OpenSSL's numbers for what is wrong with a certificate.
CERTIFICATES = {
    9: ("is not valid yet", "Check the clock of this machine"),
    10: ("has expired", "Its owner must renew it, unless the clock of this machine is wrong"),
    18: ("is self-signed", OWN_AUTHORITY),
    19: ("comes from an unknown authority (self-signed)", OWN_AUTHORITY),
    20: ("comes from an unknown authority", f"The server may leave out an intermediate certificate. {OWN_AUTHORITY}"),
    21: ("cannot be verified", f"The server may leave out an intermediate certificate. {OWN_AUTHORITY}"),
    62: ("is made out to another name", "Check the spelling of the address"),
    64: ("is made out to another address", "Use the name that the certificate is made out to"),
}
UNREACHABLE = frozenset({errno.ENETUNREACH, errno.EHOSTUNREACH, errno.ETIMEDOUT, errno.EADDRNOTAVAIL})
NO_SUCH_NAME = frozenset({socket.EAI_NONAME, getattr(socket, "EAI_NODATA", socket.EAI_NONAME)})


def explain(error: Exception, host: str, *, sent: bool, timeout: float) -> NetProblem:
    """Say what an exception means. Its own words are not used, since many of them hold the whole address."""
    match error:
        case aiohttp.ClientConnectorError():
            return _unconnected(error)
        case aiohttp.ClientHttpProxyError():
            return NetProblem(f"the proxy refused to connect to {host} ({error.status})", kind="connect")
        case asyncio.TimeoutError():
            what = f"{host} did not answer within" if sent else f"no connection to {host} could be made within"
            return NetProblem(f"{what} {timeout:g} s", kind="timeout", sent=sent)
        case aiohttp.ClientPayloadError():
            return NetProblem(f"the answer of {host} was cut short", kind="broken", sent=sent)
        case ValueError():
            why = f"the address at {host} is not a valid one"
            return NetProblem(why, kind="guard", remedy="Check the spelling of the address", sent=sent)
        case aiohttp.ClientResponseError():
            return NetProblem(f"{host} did not answer in HTTP", kind="broken", sent=sent)
        case _:
            return NetProblem(f"{host} closed the connection before its answer was complete", kind="broken", sent=sent)


def _unconnected(error: aiohttp.ClientConnectorError) -> NetProblem:
    """No connection came about, so nothing was sent."""
    host, cause = error.host, error.os_error
    if isinstance(error, aiohttp.ClientConnectorDNSError):
        return _unresolved(host, cause)
    if isinstance(error, aiohttp.ClientConnectorCertificateError):
        return _not_trusted(host, error.certificate_error)
    place = f"the proxy {host}" if isinstance(error, aiohttp.ClientProxyConnectionError) else host
    return unconnected(host, error.port, cause, place)


def unconnected(host: str, port: int | None, cause: OSError, place: str = "") -> NetProblem:
    """Why no connection came about, by the error of the system or of TLS; `place` is how the host is called."""
    if isinstance(cause, ssl.SSLCertVerificationError):
        return _not_trusted(host, cause)
    if isinstance(cause, ssl.SSLError):
        return _not_secure(host, cause)
    if isinstance(cause, socket.gaierror):
        return _unresolved(host, cause)
    where = f"{place or host}, port {port}," if port not in (None, 80, 443) else place or host
    if cause.errno == errno.ECONNREFUSED:
        return NetProblem(f"the connection to {where} was refused", kind="connect")
    if cause.errno in UNREACHABLE:
        return NetProblem(f"{where} cannot be reached from here", kind="connect")
    reason = f" ({os.strerror(cause.errno)})" if cause.errno else ""
    return NetProblem(f"the connection to {where} failed{reason}", kind="connect")


def _not_trusted(host: str, cause: Exception) -> NetProblem:
    what, remedy = CERTIFICATES.get(getattr(cause, "verify_code", 0), ("cannot be trusted", ""))
    return NetProblem(f"the certificate of {host} {what}", kind="tls", remedy=remedy)


def _unresolved(host: str, cause: OSError) -> NetProblem:
    if cause.errno in NO_SUCH_NAME:
        why, remedy = f"{host} does not exist (no such host name)", "Check the spelling of the address"
    else:
        why = f"the host name {host} could not be looked up"
        remedy = "Check the network of this machine and its name server"
    return NetProblem(why, kind="dns", remedy=remedy)


def _not_secure(host: str, cause: ssl.SSLError) -> NetProblem:
    if cause.reason in ("WRONG_VERSION_NUMBER", "HTTP_REQUEST", "RECORD_LAYER_FAILURE"):
        remedy = "Perhaps the address should begin with http:// instead of https://"
        return NetProblem(f"{host} does not speak TLS at this port", kind="tls", remedy=remedy)
    reason = (cause.reason or "no reason given").replace("_", " ").lower()
    return NetProblem(f"no secure connection to {host} could be agreed on ({reason})", kind="tls")
