import BuildModel
import CCrypto
import Foundation

/// A private key of an elliptic curve that signs statements about exports: P-256, P-384 or P-521, as OpenSSF Model Signing
/// takes it.
package final class StatementKey: Sendable {
    /// `BEGIN PUBLIC KEY`, with which others check what the key signed.
    package let publicPEM: String
    // OpenSSL's key is not changed after it was read.
    private nonisolated(unsafe) let key: OpaquePointer
    /// The hash that goes with the curve's size.
    private let hash: String

    /// - Parameter pem: `BEGIN EC PRIVATE KEY` or `BEGIN PRIVATE KEY`, without a passphrase.
    package init(pem: [UInt8]) throws(StatementKeyError) {
        guard !pem.isEmpty, let input = BIO_new_mem_buf(pem, Int32(clamping: pem.count)) else { throw .unreadable }
        defer { BIO_free(input) }
        // An empty passphrase, so that OpenSSL asks nobody on the terminal.
        let empty: [CChar] = [0]
        let read = empty.withUnsafeBytes { text in
            PEM_read_bio_PrivateKey(input, nil, nil, UnsafeMutableRawPointer(mutating: text.baseAddress))
        }
        guard let key = read else {
            throw String(decoding: pem, as: UTF8.self).contains("ENCRYPTED") ? .encrypted : .unreadable
        }
        let hashes = ["prime256v1": "SHA256", "secp384r1": "SHA384", "secp521r1": "SHA512"]
        guard let curve = Self.curve(of: key), let hash = hashes[curve], let pem = Self.publicPEM(of: key) else {
            EVP_PKEY_free(key)
            throw .otherKind
        }
        (self.key, self.hash, publicPEM) = (key, hash, pem)
    }

    deinit { EVP_PKEY_free(key) }

    /// The SHA-256 of the public key's text, by which a bundle names it.
    package var hint: String { Digest(hashing: publicPEM).hex }

    /// ECDSA in DER.
    package func signature(of content: [UInt8]) throws(StatementKeyError) -> [UInt8] {
        guard let context = EVP_MD_CTX_new() else { throw .cannotSign }
        defer { EVP_MD_CTX_free(context) }
        guard EVP_DigestSignInit(context, nil, EVP_get_digestbyname(hash), nil, key) == 1 else { throw .cannotSign }
        var size = 0
        guard EVP_DigestSign(context, nil, &size, content, content.count) == 1 else { throw .cannotSign }
        var signature = [UInt8](repeating: 0, count: size)
        guard EVP_DigestSign(context, &signature, &size, content, content.count) == 1 else { throw .cannotSign }
        return Array(signature.prefix(size))
    }

    private static func curve(of key: OpaquePointer) -> String? {
        var name = [CChar](repeating: 0, count: 80)
        var length = 0
        guard EVP_PKEY_get_group_name(key, &name, name.count, &length) == 1 else { return nil }
        return String(decoding: name.prefix(length).map { UInt8(bitPattern: $0) }, as: UTF8.self)
    }

    private static func publicPEM(of key: OpaquePointer) -> String? {
        guard let output = BIO_new(BIO_s_mem()) else { return nil }
        defer { BIO_free(output) }
        guard PEM_write_bio_PUBKEY(output, key) == 1 else { return nil }
        var text = [UInt8](repeating: 0, count: 4096)
        let count = BIO_read(output, &text, Int32(text.count))
        return count > 0 ? String(decoding: text.prefix(Int(count)), as: UTF8.self) : nil
    }
}

/// Why a key signs no statements.
package enum StatementKeyError: Error, Hashable, Sendable, CustomStringConvertible {
    case unreadable
    case encrypted
    case otherKind
    case cannotSign

    package var description: String {
        switch self {
        case .unreadable:
            "it is no private key in PEM; make one with openssl ecparam -name prime256v1 -genkey -noout -out key.pem"
        case .encrypted:
            "it has a passphrase, which Decant does not ask for; write it without: openssl ec -in KEY -out key.pem"
        case .otherKind:
            "it is no key of the curves P-256, P-384 or P-521; make one with openssl ecparam -name prime256v1 -genkey -noout "
                + "-out key.pem"
        case .cannotSign: "OpenSSL did not sign with it"
        }
    }
}
