package main

import (
	"crypto"
	"crypto/x509"
)

// publicKey is the key itself, or that of a certificate.
func publicKey(identity any) crypto.PublicKey {
	if certificate, ok := identity.(*x509.Certificate); ok {
		return certificate.PublicKey
	}
	return identity
}
