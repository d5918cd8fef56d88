import BuildModel
import CanonicalJSON
import Foundation

/// What somebody saw who ran a stage again: an in-toto statement 1 with SLSA's verification summary 1.
///
/// It has one spelling, and nothing but that is read: no statement says more than it shows.
/// Sources: <https://in-toto.io/Statement/v1>, <https://slsa.dev/verification_summary/v1>.
package struct WitnessStatement: Hashable, Sendable {
    /// The action that was run again.
    package var action: Digest
    /// The artifact that the lineage says it gave.
    package var artifact: Digest
    /// The artifact that it gave; `nil` where it gave none.
    package var made: Digest?
    /// The family of the processor that ran it.
    package var machine: String
    /// The version of Decant, and the SHA-256 of its program.
    package var version: String
    package var program: Digest
    /// In whole seconds.
    package var time: Date
    /// Who says so, by their own words; the signature is what counts.
    package var verifier: String

    package static let statementType = "https://in-toto.io/Statement/v1"
    package static let predicateType = "https://slsa.dev/verification_summary/v1"
    private static let policy = "https://decant.invalid/policy/run-again/v1"
    private static let level = "DECANT_RUN_AGAIN"

    package init(
        action: Digest, artifact: Digest, made: Digest?, machine: String, version: String, program: Digest, time: Date,
        verifier: String
    ) {
        (self.action, self.artifact, self.made) = (action, artifact, made)
        (self.machine, self.version, self.program) = (machine, version, program)
        self.time = Date(timeIntervalSince1970: time.timeIntervalSince1970.rounded(.down))
        self.verifier = verifier
    }

    /// Whether it gave the bytes that the lineage says.
    package var isPassed: Bool { made == artifact }

    package var json: JSON {
        var predicate: [String: JSON] = [
            "verifier": ["id": .string(verifier), "version": ["decant": .string(version)]],
            "timeVerified": .string(time.formatted(.iso8601)),
            "resourceUri": .string("decant:action:\(action.hex)"),
            "policy": ["uri": .string(Self.policy)],
            "verificationResult": isPassed ? "PASSED" : "FAILED",
            "verifiedLevels": [isPassed ? .string(Self.level) : "FAILED"],
            "slsaVersion": "1.0",
            "decant_action": .string(action.hex),
            "decant_machine": .string(machine),
            "decant_program": .string(program.hex),
        ]
        if let made, !isPassed { predicate["decant_made"] = .string(made.hex) }
        return [
            "_type": .string(Self.statementType),
            "subject": [["name": "artifact", "digest": ["sha256": .string(artifact.hex)]]],
            "predicateType": .string(Self.predicateType), "predicate": .object(predicate),
        ]
    }

    /// Its one spelling.
    package var bytes: [UInt8] { json.canonicalBytes + [UInt8(ascii: "\n")] }

    /// Reads a statement; `nil` for anything that `bytes` does not give back to the byte.
    package init?(parsing bytes: [UInt8]) {
        guard bytes.last == UInt8(ascii: "\n"), let json = try? JSON(parsing: bytes.dropLast(), maximumDepth: 8),
            let artifact = Self.digest(json["subject"]?.array?.first?["digest"]?["sha256"]),
            let predicate = json["predicate"], let action = Self.digest(predicate["decant_action"]),
            let program = Self.digest(predicate["decant_program"]), let machine = predicate["decant_machine"]?.string,
            let version = predicate["verifier"]?["version"]?["decant"]?.string,
            let verifier = predicate["verifier"]?["id"]?.string,
            let time = predicate["timeVerified"]?.string.flatMap({ try? Date($0, strategy: .iso8601) }),
            let result = predicate["verificationResult"]?.string
        else { return nil }
        self.init(
            action: action, artifact: artifact,
            made: result == "PASSED" ? artifact : Self.digest(predicate["decant_made"]), machine: machine, version: version,
            program: program, time: time, verifier: verifier)
        guard [machine, version, verifier].allSatisfy(Self.isPlain), self.bytes == bytes else { return nil }
    }

    private static func digest(_ json: JSON?) -> Digest? { json?.string.flatMap(Digest.init(hex:)) }

    /// Whether a word can be shown as it is.
    private static func isPlain(_ word: String) -> Bool {
        (1...320).contains(word.utf8.count) && word.utf8.allSatisfy { (0x21...0x7E).contains($0) }
    }
}
