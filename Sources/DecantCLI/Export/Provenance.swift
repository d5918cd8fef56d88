import BuildModel
import CanonicalJSON
import Store

/// SLSA provenance 1.0 as an in-toto statement 1.0: what made the exported files, and everything that went into them.
///
/// docs/lineage.md says what the build type means.
struct Provenance {
    static let buildType = "https://decant.invalid/provenance/recipe-build/v1"
    static let builder = "https://decant.invalid/provenance/local-builder/v1"

    let statement: JSON

    init(of history: ArtifactHistory, subjects: [(path: String, digest: Digest)], in store: Store) throws {
        let runs = try history.lineage.stages.compactMap { try store.run(of: $0.commit) }
        statement = [
            "_type": "https://in-toto.io/Statement/v1",
            "subject": .array(
                subjects.map { ["name": .string($0.path), "digest": ["sha256": .string($0.digest.hex)]] }),
            "predicateType": "https://slsa.dev/provenance/v1",
            "predicate": [
                "buildDefinition": [
                    "buildType": .string(Self.buildType),
                    "externalParameters": Self.externalParameters(history),
                    "internalParameters": Self.internalParameters(history),
                    "resolvedDependencies": .array(Self.texts(history) + Self.sources(history) + Self.stages(history)),
                ],
                "runDetails": [
                    "builder": ["id": .string(Self.builder), "version": ["decant": .string(CommandLineProgram.version)]],
                    "metadata": Self.metadata(history, runs),
                ],
            ],
        ]
    }

    /// What the person asked for.
    private static func externalParameters(_ history: ArtifactHistory) -> JSON {
        var parameters: [String: JSON] = ["target": .string(history.target.name)]
        if let build = history.build, let texts = history.texts {
            parameters["recipe"] = [
                "name": .string(build.recipe), "digest": ["sha256": .string(Digest(hashing: texts.recipe).hex)],
            ]
        }
        return .object(parameters)
    }

    /// What Decant made of it: the last action, which names its inputs by their digests.
    private static func internalParameters(_ history: ArtifactHistory) -> JSON {
        let action = history.target.record.action
        return [
            "key": .string(action.key.hex), "action": action.encoding, "numerics": .string(action.numerics.rawValue),
        ]
    }

    /// The recipe's texts, and the build commit that holds them.
    private static func texts(_ history: ArtifactHistory) -> [JSON] {
        guard let build = history.build, let texts = history.texts else { return [] }
        let files = [("recipe.yaml", texts.recipe)] + texts.companions.sorted { $0.key < $1.key }.map { ($0.key, $0.value) }
        return [["name": .string("build \(build.recipe)"), "digest": ["gitCommit": .string(build.commit.hex)]]]
            + files.map { ["name": .string($0.0), "digest": ["sha256": .string(Digest(hashing: $0.1).hex)]] }
    }

    private static func sources(_ history: ArtifactHistory) -> [JSON] {
        history.sources.flatMap { source in
            source.files.map { file in
                var descriptor: [String: JSON] = [
                    "name": .string("source \(source.name)/\(file.path)"), "digest": ["sha256": .string(file.digest.hex)],
                ]
                descriptor["uri"] = source.uri.map(JSON.string)
                return .object(descriptor)
            }
        }
    }

    /// Each stage twice: the commit that pins it, and the artifact that it gave, which is another object.
    private static func stages(_ history: ArtifactHistory) -> [JSON] {
        history.lineage.stages.flatMap { stage -> [JSON] in
            let name = history.names[stage.commit]
            let action = stage.record.action
            return [
                [
                    "name": .string("stage \(name)"), "digest": ["gitCommit": .string(stage.commit.hex)],
                    "annotations": [
                        "kind": .string(action.kind), "key": .string(action.key.hex),
                        "numerics": .string(action.numerics.rawValue),
                    ],
                ],
                [
                    "name": .string("artifact \(name)"),
                    "digest": ["sha256": .string(stage.record.artifact.digest.hex)],
                ],
            ]
        }
    }

    /// The first start and the last end of the runs that were noted on the machines that this store knows of.
    private static func metadata(_ history: ArtifactHistory, _ runs: [RunNote]) -> JSON {
        var metadata: [String: JSON] = ["invocationId": .string((history.build?.commit ?? history.target.record.commit).hex)]
        metadata["startedOn"] = runs.map(\.started).min().map { .string($0.formatted(.iso8601)) }
        metadata["finishedOn"] = runs.map { $0.started.addingTimeInterval($0.seconds) }.max().map {
            .string($0.formatted(.iso8601))
        }
        return .object(metadata)
    }
}
