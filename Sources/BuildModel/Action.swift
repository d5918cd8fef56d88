import CanonicalJSON

/// A stage whose inputs are all known.
///
/// Its key is the SHA-256 of `encoding` and covers the kind, the kind's revision, the parameters after defaults and
/// normalization, input names with artifact digests, and the numerics profile. Nothing else: no paths, no stage names, no
/// thread counts, no time.
public struct Action: Hashable, Sendable {
    public struct Input: Hashable, Sendable {
        public var name: String
        public var artifact: Digest

        public init(name: String, artifact: Digest) {
            self.name = name
            self.artifact = artifact
        }
    }

    public var kind: String
    public var revision: Int
    public var parameters: JSON
    /// In the order in which the kind declares them; the stage commit's parents have the same order.
    public var inputs: [Input]
    public var numerics: Numerics

    public init(kind: String, revision: Int, parameters: JSON, inputs: [Input], numerics: Numerics) {
        self.kind = kind
        self.revision = revision
        self.parameters = parameters
        self.inputs = inputs
        self.numerics = numerics
    }

    /// What the key hashes, and what `action.json` in a stage commit holds.
    public var encoding: JSON {
        [
            "kind": .string(kind),
            "revision": .integer(Int64(revision)),
            "parameters": parameters,
            "inputs": .array(inputs.map { ["name": .string($0.name), "artifact": .string($0.artifact.hex)] }),
            "numerics": .string(numerics.rawValue),
        ]
    }

    public var key: Digest { Digest(hashing: encoding.canonicalBytes) }
}

extension Action {
    /// Reads `action.json` back; `nil` where a field is missing or of another type.
    public init?(encoding: JSON) {
        guard let kind = encoding["kind"]?.string, let revision = encoding["revision"]?.integer,
            let parameters = encoding["parameters"], let inputs = encoding["inputs"]?.array,
            let numerics = encoding["numerics"]?.string.flatMap(Numerics.init(rawValue:))
        else { return nil }
        var parsed: [Input] = []
        for input in inputs {
            guard let name = input["name"]?.string, let artifact = input["artifact"]?.string.flatMap(Digest.init(hex:))
            else { return nil }
            parsed.append(Input(name: name, artifact: artifact))
        }
        self.init(kind: kind, revision: revision, parameters: parameters, inputs: parsed, numerics: numerics)
    }
}

/// How numbers are computed, as far as it decides bytes.
public enum Numerics: String, Hashable, Sendable {
    /// The same bytes on every x86-64 machine with AVX2 and FMA, at any thread count.
    case portable
}
