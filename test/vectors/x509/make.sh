#!/bin/sh
# Makes the certificates and keys of this directory. New keys every time; the tests depend on none of their values.
set -eu
openssl version
T=$(mktemp -d)
ec() { openssl ecparam -name "$1" -genkey -noout -out "$T/$2.key"; }
spki() { openssl pkey -in "$T/$1.key" -pubout -outform DER -out "key-$1.der"; }

ec prime256v1 p256; ec secp384r1 p384; ec secp521r1 p521; ec secp256k1 secp256k1; ec secp224r1 p224; ec brainpoolP256r1 brainpool
for bits in 1024 2048 3072 4096; do openssl genrsa -out "$T/rsa$bits.key" "$bits" 2>/dev/null; done
openssl genpkey -algorithm RSA -pkeyopt rsa_keygen_bits:2048 -pkeyopt rsa_keygen_pubexp:3 -out "$T/rsa-e3.key" 2>/dev/null
openssl genpkey -algorithm RSA-PSS -pkeyopt rsa_keygen_bits:2048 -out "$T/rsa-pss.key" 2>/dev/null
for kind in ed25519 x25519 ed448; do openssl genpkey -algorithm "$kind" -out "$T/$kind.key"; done
openssl dsaparam -out "$T/dsa.par" 1024 2>/dev/null; openssl gendsa -out "$T/dsa.key" "$T/dsa.par" 2>/dev/null
for key in p256 p384 p521 secp256k1 p224 brainpool rsa1024 rsa2048 rsa3072 rsa4096 rsa-e3 rsa-pss ed25519 x25519 ed448 dsa; do spki "$key"; done
openssl ec -in "$T/p256.key" -pubout -param_enc explicit -outform DER -out key-p256-explicit.der 2>/dev/null
openssl ec -in "$T/p256.key" -pubout -conv_form compressed -outform DER -out key-p256-compressed.der 2>/dev/null
openssl ec -in "$T/p256.key" -pubout -conv_form hybrid -outform DER -out key-p256-hybrid.der 2>/dev/null

cat > "$T/ext.cnf" <<CNF
[req]
distinguished_name = dn
[dn]
[email]
subjectAltName = critical, email:publisher@example.org
keyUsage = critical, digitalSignature
1.3.6.1.4.1.57264.1.1 = DER:68:74:74:70:73:3a:2f:2f:6f:6c:64:2e:65:78:61:6d:70:6c:65
1.3.6.1.4.1.57264.1.8 = ASN1:UTF8String:https://accounts.example.org
[uri]
subjectAltName = critical, URI:https://github.com/example/model/.github/workflows/release.yml@refs/heads/main
1.3.6.1.4.1.57264.1.1 = DER:68:74:74:70:73:3a:2f:2f:6f:6c:64:2e:65:78:61:6d:70:6c:65
[names]
subjectAltName = @names_list
[names_list]
DNS.1 = example.org
DNS.2 = *.Example.ORG
IP.1 = 192.0.2.7
IP.2 = 2001:db8::1:0:0:7
IP.3 = ::1
IP.4 = 2001:db8:1:2:3:4:5:6
otherName.1 = 1.3.6.1.4.1.57264.1.7;UTF8:publisher!example.org
otherName.2 = 1.3.6.1.5.5.7.8.7;IA5STRING:_imap.example.org
RID.1 = 1.2.3.4
email.1 = Publisher@Example.org
[plain]
basicConstraints = critical, CA:FALSE
CNF
cert() { openssl req -new -x509 -key "$T/$2.key" -subj "/O=example" -days 36500 -config "$T/ext.cnf" -extensions "$3" -outform DER -out "cert-$1.der"; }
cert email-p256 p256 email; cert uri-p384 p384 uri; cert names-p521 p521 names; cert plain-rsa2048 rsa2048 plain; cert plain-ed25519 ed25519 plain
openssl req -new -key "$T/p256.key" -subj "/O=example" -config "$T/ext.cnf" -out "$T/v1.csr"
openssl x509 -req -in "$T/v1.csr" -signkey "$T/p256.key" -days 36500 -outform DER -out cert-version1.der 2>/dev/null
rm -r "$T"
