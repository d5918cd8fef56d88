import BuildModel
import CanonicalJSON
import Foundation

/// An in-toto statement in an envelope of DSSE, signed.
///
/// Source: DSSE 1.0.0, <https://github.com/secure-systems-lab/dsse/blob/v1.0.0/protocol.md>.
package struct SignedStatement {
    package static let payloadType = "application/vnd.in-toto+json"
    package let envelope: JSON
    private let hint: String

    /// - Parameter statement: signed byte for byte as it is given.
    package init(_ statement: String, by key: StatementKey) throws(StatementKeyError) {
        let payload = Array(statement.utf8)
        let header = "DSSEv1 \(Self.payloadType.utf8.count) \(Self.payloadType) \(payload.count) "
        let signature = try key.signature(of: Array(header.utf8) + payload)
        envelope = [
            "payload": .string(Data(payload).base64EncodedString()), "payloadType": .string(Self.payloadType),
            "signatures": [["keyid": "", "sig": .string(Data(signature).base64EncodedString())]],
        ]
        hint = key.hint
    }

    /// The envelope as Sigstore bundles it.
    package var bundle: JSON {
        [
            "mediaType": "application/vnd.dev.sigstore.bundle.v0.3+json",
            "verificationMaterial": ["publicKey": ["hint": .string(hint)], "tlogEntries": []], "dsseEnvelope": envelope,
        ]
    }
}

/// OpenSSF Model Signing 1.0: a statement about every file of a folder, which the `model-signing` package checks.
package enum ModelSignature {
    /// Where a signature lies in the folder that it is about.
    package static let fileName = "model.sig"

    /// - Parameters:
    ///   - folder: the folder's name.
    ///   - files: all files but the signature, by their paths.
    ///   - signature: the signature's path.
    package static func statement(
        of folder: String, files: [(path: String, digest: Digest)], signature: String
    ) -> JSON {
        // By bytes: the package sorts paths as POSIX has them, part by part.
        let sorted = files.sorted { one, other in
            one.path.split(separator: "/").map { Array($0.unicodeScalars.map(\.value)) }
                .lexicographicallyPrecedes(other.path.split(separator: "/").map { Array($0.unicodeScalars.map(\.value)) }) {
                    $0.lexicographicallyPrecedes($1)
                }
        }
        let digests = sorted.flatMap(\.digest.bytes)
        return [
            "_type": "https://in-toto.io/Statement/v1",
            "subject": [["name": .string(folder), "digest": ["sha256": .string(Digest(hashing: digests).hex)]]],
            "predicateType": "https://model_signing/signature/v1.0",
            "predicate": [
                "serialization": [
                    "method": "files", "hash_type": "sha256", "allow_symlinks": false, "ignore_paths": [.string(signature)],
                ],
                "resources": .array(
                    sorted.map {
                        ["name": .string($0.path), "algorithm": "sha256", "digest": .string($0.digest.hex)]
                    }),
            ],
        ]
    }
}
