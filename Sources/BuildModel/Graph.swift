import CanonicalJSON

/// A dense index into `Graph.stages`.
package struct StageID: Hashable, Comparable, Sendable {
    package let index: Int
    package init(index: Int) { self.index = index }
    package static func < (left: StageID, right: StageID) -> Bool { left.index < right.index }
}

/// A node of the graph: a kind, its parameters, named inputs, one output artifact.
package struct Stage: Sendable {
    package struct Input: Hashable, Sendable {
        package var name: String
        package var stage: StageID

        package init(name: String, stage: StageID) { (self.name, self.stage) = (name, stage) }
    }

    /// Readable, stable and unique in its graph: `student.kd`, `student.prune[20%].recover`.
    package var name: String
    package var kind: String
    package var revision: Int
    /// After defaults and normalization; all of it is part of the key.
    package let parameters: JSON
    /// Their canonical spelling, made once: keys are digests of it.
    package let canonicalParameters: [UInt8]
    package var inputs: [Input]
    package let numerics: Numerics
    /// What a fixed-output stage gives, known before it runs; `nil` for computed stages.
    package var fixedOutput: FixedOutput?
    /// How the model is reached that the stage asks; `nil` for stages that ask none. Not part of any key.
    package var endpoint: EndpointAccess?
    /// Floating-point operations that running it takes, roughly; `nil` where nobody can tell. Not part of any key.
    package var work: Double?
    /// Whether its output is a measurement, so that nothing may run beside it. Not part of any key.
    package let isMeasurement: Bool
    /// Bytes of memory that running it takes, roughly, given the bytes of its input artifacts by name.
    package let memory: @Sendable ([String: Int]) -> Int
    private let makeOrigins: @Sendable () -> [Origin]

    /// What a stage takes that says nothing else: a process, and its inputs twice.
    package static func plainMemory(_ inputs: [String: Int]) -> Int { 64 << 20 + 2 * inputs.values.reduce(0, +) }

    /// - Parameters:
    ///   - canonicalParameters: the canonical spelling of `parameters`, where the caller has it at hand.
    ///   - origins: evaluated when somebody asks for them: few stages of a large graph are ever explained.
    package init(
        name: String, kind: String, revision: Int, parameters: JSON, inputs: [Input] = [],
        numerics: Numerics = .portable, canonicalParameters: [UInt8]? = nil, fixedOutput: FixedOutput? = nil,
        endpoint: EndpointAccess? = nil, work: Double? = nil, isMeasurement: Bool = false,
        memory: @escaping @Sendable ([String: Int]) -> Int = Stage.plainMemory,
        origins: @autoclosure @escaping @Sendable () -> [Origin] = []
    ) {
        (self.name, self.kind, self.revision, self.parameters) = (name, kind, revision, parameters)
        self.canonicalParameters = canonicalParameters ?? parameters.canonicalBytes
        (self.inputs, self.numerics, self.fixedOutput, self.endpoint) = (inputs, numerics, fixedOutput, endpoint)
        (self.work, self.isMeasurement, self.memory) = (work, isMeasurement, memory)
        makeOrigins = origins
    }

    /// Which recipe field each parameter came from, for `plan` and `explain`; sorted by parameter.
    package var origins: [Origin] { makeOrigins().sorted { $0.parameter < $1.parameter } }
}

/// Files from outside, pinned by their digests. The digests are the key: objects that the store already holds satisfy it.
package struct FixedOutput: Hashable, Sendable {
    /// One pinned file.
    package struct File: Hashable, Sendable {
        /// In the artifact.
        package var path: String
        package var digest: Digest

        package init(path: String, digest: Digest) { (self.path, self.digest) = (path, digest) }

        package static func == (left: File, right: File) -> Bool {
            left.digest == right.digest && FileName(left.path) == FileName(right.path)
        }

        package func hash(into hasher: inout Hasher) {
            hasher.combine(FileName(path))
            hasher.combine(digest)
        }
    }

    /// Where the bytes may come from. Not part of any key.
    package enum Origin: Hashable, Sendable {
        /// A file beside the recipe, absolute.
        case path(String)
        /// A folder beside the recipe, absolute, with the files under their paths.
        case folder(String)
        /// A file, or the members of the archive that it is.
        case url(String, members: [String])
        /// The members of a distribution: `name==version`.
        case pypi(requirement: String, members: [String])
        /// Files of a commit.
        case git(url: String, revision: String, members: [String])
        /// Files of a model or data set, `owner/name`.
        case huggingFace(repository: String, revision: String, members: [String])
    }

    /// At least one, sorted by path.
    package var files: [File]
    package var origin: Origin

    package init(files: [File], origin: Origin) {
        self.files = files.sorted { $0.path < $1.path }
        self.origin = origin
    }

    /// Where each file lies on this machine, absolute; empty where they come from elsewhere.
    package var places: [(path: String, digest: Digest)] {
        switch origin {
        case .path(let path): files.prefix(1).map { (path, $0.digest) }
        case .folder(let folder): files.map { ("\(folder)/\($0.path)", $0.digest) }
        case .url, .pypi, .git, .huggingFace: []
        }
    }
}

/// The recipe field that a parameter came from.
package struct Origin: Hashable, Sendable {
    /// The parameter's name in the stage, dotted where nested.
    package var parameter: String
    /// The recipe's field, dotted: `prune.ratio`.
    package var field: String
    package var file: String
    /// From 1.
    package var line: Int
    package var column: Int

    package init(parameter: String, field: String, file: String, line: Int, column: Int) {
        (self.parameter, self.field, self.file, self.line, self.column) = (parameter, field, file, line, column)
    }
}

/// The stages of a recipe in an order in which every stage follows its inputs, and the targets that people ask for.
package struct Graph: Sendable {
    /// A named result: a variant's final model, the report.
    package struct Target: Hashable, Sendable {
        /// Fit for a directory name: letters, digits, `.`, `-`, `_`, `+`.
        package var name: String
        package var stage: StageID

        package init(name: String, stage: StageID) { (self.name, self.stage) = (name, stage) }
    }

    package let stages: [Stage]
    package let targets: [Target]

    /// - Precondition: every input names an earlier stage.
    package init(stages: [Stage], targets: [Target]) {
        for index in stages.indices {
            precondition(
                stages[index].inputs.allSatisfy { $0.stage.index < index },
                "stage \(stages[index].name) stands before its inputs")
        }
        (self.stages, self.targets) = (stages, targets)
    }

    package subscript(id: StageID) -> Stage { stages[id.index] }
    package var ids: [StageID] { stages.indices.map(StageID.init(index:)) }
    /// The stages and everything that they need, in graph order.
    package func closure(of targets: [StageID]) -> [StageID] {
        var wanted = [Bool](repeating: false, count: stages.count)
        for target in targets { wanted[target.index] = true }
        for index in stages.indices.reversed() where wanted[index] {
            for input in stages[index].inputs { wanted[input.stage.index] = true }
        }
        return stages.indices.filter { wanted[$0] }.map(StageID.init(index:))
    }

    package func stage(named name: String) -> StageID? {
        stages.firstIndex { $0.name == name }.map(StageID.init(index:))
    }
}
