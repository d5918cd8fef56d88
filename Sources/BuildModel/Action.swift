import CanonicalJSON
import Words

/// A stage whose inputs are all known.
///
/// Its key is the SHA-256 of `canonicalBytes` and covers the kind, the kind's revision, the parameters after defaults and
/// normalization, input names with artifact digests, and the numerics profile. Nothing else: no paths, no stage names, no
/// thread counts, no time.
package struct Action: Hashable, Sendable {
    package struct Input: Hashable, Sendable {
        package var name: String
        package var artifact: Digest

        package init(name: String, artifact: Digest) { (self.name, self.artifact) = (name, artifact) }
    }

    package var kind: String
    package var revision: Int
    package var parameters: JSON { didSet { canonicalParameters = parameters.canonicalBytes } }
    /// In the order in which the kind declares them; the stage commit's parents have the same order.
    package var inputs: [Input]
    package var numerics: Numerics
    private var canonicalParameters: [UInt8]

    package init(kind: String, revision: Int, parameters: JSON, inputs: [Input], numerics: Numerics) {
        (self.kind, self.revision, self.parameters, self.inputs, self.numerics) = (kind, revision, parameters, inputs, numerics)
        canonicalParameters = parameters.canonicalBytes
    }

    /// The action of a stage, given its inputs' artifacts in input order.
    package init(stage: Stage, artifacts: [Digest]) {
        kind = stage.kind
        revision = stage.revision
        parameters = stage.parameters
        inputs = zip(stage.inputs, artifacts).map { Input(name: $0.name, artifact: $1) }
        numerics = stage.numerics
        canonicalParameters = stage.canonicalParameters
    }

    /// What the key hashes, and what `action.json` in a stage commit holds: the only spelling of an action. Whatever explains
    /// a key reads these bytes.
    package var canonicalBytes: [UInt8] {
        var bytes: [UInt8] = []
        bytes.reserveCapacity(canonicalParameters.count + 128 + inputs.count * 100)
        bytes += #"{"inputs":["#.utf8
        for (index, input) in inputs.enumerated() {
            if index > 0 { bytes.append(UInt8(ascii: ",")) }
            bytes += #"{"artifact":""#.utf8
            bytes += input.artifact.hex.utf8
            bytes += #"","name":"#.utf8
            JSON.appendCanonical(input.name, to: &bytes)
            bytes.append(UInt8(ascii: "}"))
        }
        bytes += #"],"kind":"#.utf8
        JSON.appendCanonical(kind, to: &bytes)
        bytes += #","numerics":"#.utf8
        JSON.appendCanonical(numerics.rawValue, to: &bytes)
        bytes += #","parameters":"#.utf8
        bytes += canonicalParameters
        bytes += #","revision":"#.utf8
        bytes += String(revision).utf8
        bytes.append(UInt8(ascii: "}"))
        return bytes
    }

    package var key: Digest { Digest(hashing: canonicalBytes) }

    /// The canonical bytes as a value.
    package var encoding: JSON { (try? JSON(parsing: canonicalBytes)) ?? .null }
}

extension Action {
    /// Reads `action.json` back.
    ///
    /// - Throws: where a field is missing or of another type, or the numerics profile is unknown.
    package init(encoding: JSON) throws(UnreadableAction) {
        guard let kind = encoding["kind"]?.string, let revision = encoding["revision"]?.integer,
            let parameters = encoding["parameters"], let inputs = encoding["inputs"]?.array,
            let profile = encoding["numerics"]?.string
        else { throw .malformed }
        guard let numerics = Numerics(rawValue: profile) else { throw .unknownNumerics(profile) }
        var parsed: [Input] = []
        for input in inputs {
            guard let name = input["name"]?.string, let artifact = input["artifact"]?.string.flatMap(Digest.init(hex:))
            else { throw .malformed }
            parsed.append(Input(name: name, artifact: artifact))
        }
        self.init(kind: kind, revision: revision, parameters: parameters, inputs: parsed, numerics: numerics)
    }
}

/// What is wrong with an `action.json`: words that continue "it".
package enum UnreadableAction: Error, Hashable, Sendable, CustomStringConvertible {
    case malformed
    case unknownNumerics(String)

    package var description: String {
        switch self {
        case .malformed: "is no action"
        case .unknownNumerics(let profile):
            "asks for the numerics profile \(JSON.string(String(profile.prefix(40))).canonicalText), which this version of "
                + "Decant does not know"
        }
    }
}

/// How numbers are computed, as far as it decides bytes.
package enum Numerics: Hashable, Sendable {
    /// The same bytes on every x86-64 machine with AVX2 and FMA, at any thread count.
    case portable
    /// The fastest kernels of a family of processors: the same bytes within it, at any thread count.
    case native(ProcessorFamily)
}

/// The profile's one spelling: `portable`, `native-avx512-bf16`.
extension Numerics: RawRepresentable {
    private static let nativePrefix = "native-"

    package var rawValue: String {
        switch self {
        case .portable: "portable"
        case .native(let family): Self.nativePrefix + family.rawValue
        }
    }

    package init?(rawValue: String) {
        if rawValue == "portable" {
            self = .portable
        } else if rawValue.hasPrefix(Self.nativePrefix),
            let family = ProcessorFamily(rawValue: String(rawValue.dropFirst(Self.nativePrefix.count)))
        {
            self = .native(family)
        } else {
            return nil
        }
    }
}
