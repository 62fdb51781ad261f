"""Verifies by the API: verify.py SIGNATURE, with key.pub; it finds the method in the signature."""

import sys

import model_signing

model_signing.verifying.Config().use_elliptic_key_verifier(public_key="key.pub").verify("model", sys.argv[1])
