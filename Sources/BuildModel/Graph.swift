import CanonicalJSON

/// A dense index into `Graph.stages`.
public struct StageID: Hashable, Comparable, Sendable {
    public let index: Int
    public init(index: Int) { self.index = index }
    public static func < (left: StageID, right: StageID) -> Bool { left.index < right.index }
}

/// A node of the graph: a kind, its parameters, named inputs, one output artifact.
public struct Stage: Sendable {
    public struct Input: Hashable, Sendable {
        public var name: String
        public var stage: StageID

        public init(name: String, stage: StageID) {
            self.name = name
            self.stage = stage
        }
    }

    /// Readable, stable and unique in its graph: `student.kd`, `student.prune[20%].recover`.
    public var name: String
    public var kind: String
    public var revision: Int
    /// After defaults and normalization; all of it is part of the key.
    public let parameters: JSON
    /// Their canonical spelling, made once: keys are digests of it.
    public let canonicalParameters: [UInt8]
    public var inputs: [Input]
    public let numerics: Numerics
    /// What a fixed-output stage gives, known before it runs; `nil` for computed stages.
    public var fixedOutput: FixedOutput?
    /// How the model is reached that the stage asks; `nil` for stages that ask none. Not part of any key.
    public var endpoint: EndpointAccess?
    /// Floating-point operations that running it takes, roughly; `nil` where nobody can tell. Not part of any key.
    public var work: Double?
    /// Whether its output is a measurement, so that nothing may run beside it. Not part of any key.
    public let isMeasurement: Bool
    /// Bytes of memory that running it takes, roughly, given the bytes of its input artifacts by name.
    public let memory: @Sendable ([String: Int]) -> Int
    private let makeOrigins: @Sendable () -> [Origin]

    /// What a stage takes that says nothing else: a process, and its inputs twice.
    public static func plainMemory(_ inputs: [String: Int]) -> Int { 64 << 20 + 2 * inputs.values.reduce(0, +) }

    /// - Parameters:
    ///   - canonicalParameters: the canonical spelling of `parameters`, where the caller has it at hand.
    ///   - origins: evaluated when somebody asks for them: few stages of a large graph are ever explained.
    public init(
        name: String, kind: String, revision: Int, parameters: JSON, inputs: [Input] = [],
        numerics: Numerics = .portable, canonicalParameters: [UInt8]? = nil, fixedOutput: FixedOutput? = nil,
        endpoint: EndpointAccess? = nil, work: Double? = nil, isMeasurement: Bool = false,
        memory: @escaping @Sendable ([String: Int]) -> Int = Stage.plainMemory,
        origins: @autoclosure @escaping @Sendable () -> [Origin] = []
    ) {
        self.name = name
        self.kind = kind
        self.revision = revision
        self.parameters = parameters
        self.canonicalParameters = canonicalParameters ?? parameters.canonicalBytes
        self.inputs = inputs
        self.numerics = numerics
        self.fixedOutput = fixedOutput
        self.endpoint = endpoint
        self.work = work
        self.isMeasurement = isMeasurement
        self.memory = memory
        makeOrigins = origins
    }

    /// Which recipe field each parameter came from, for `plan` and `explain`; sorted by parameter.
    public var origins: [Origin] { makeOrigins().sorted { $0.parameter < $1.parameter } }
}

/// Files from outside, pinned by their digests. The digests are the key: objects that the store already holds satisfy it.
public struct FixedOutput: Hashable, Sendable {
    /// One pinned file.
    public struct File: Hashable, Sendable {
        /// In the artifact.
        public var path: String
        public var digest: Digest

        public init(path: String, digest: Digest) {
            self.path = path
            self.digest = digest
        }
    }

    /// Where the bytes may come from. Not part of any key.
    public enum Origin: Hashable, Sendable {
        /// A file beside the recipe, absolute.
        case path(String)
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
    public var files: [File]
    public var origin: Origin

    public init(files: [File], origin: Origin) {
        self.files = files.sorted { $0.path < $1.path }
        self.origin = origin
    }
}

/// The recipe field that a parameter came from.
public struct Origin: Hashable, Sendable {
    /// The parameter's name in the stage, dotted where nested.
    public var parameter: String
    /// The recipe's field, dotted: `prune.ratio`.
    public var field: String
    public var file: String
    /// From 1.
    public var line: Int
    public var column: Int

    public init(parameter: String, field: String, file: String, line: Int, column: Int) {
        self.parameter = parameter
        self.field = field
        self.file = file
        self.line = line
        self.column = column
    }
}

/// The stages of a recipe in an order in which every stage follows its inputs, and the targets that people ask for.
public struct Graph: Sendable {
    /// A named result: a variant's final model, the report.
    public struct Target: Hashable, Sendable {
        /// Fit for a directory name: letters, digits, `.`, `-`, `_`, `+`.
        public var name: String
        public var stage: StageID

        public init(name: String, stage: StageID) {
            self.name = name
            self.stage = stage
        }
    }

    public let stages: [Stage]
    public let targets: [Target]

    /// - Precondition: every input names an earlier stage.
    public init(stages: [Stage], targets: [Target]) {
        for (index, stage) in stages.enumerated() {
            precondition(stage.inputs.allSatisfy { $0.stage.index < index }, "stage \(stage.name) stands before its inputs")
        }
        self.stages = stages
        self.targets = targets
    }

    public subscript(id: StageID) -> Stage { stages[id.index] }
    public var ids: [StageID] { stages.indices.map(StageID.init(index:)) }
    /// The stages and everything that they need, in graph order.
    public func closure(of targets: [StageID]) -> [StageID] {
        var wanted = [Bool](repeating: false, count: stages.count)
        for target in targets { wanted[target.index] = true }
        for index in stages.indices.reversed() where wanted[index] {
            for input in stages[index].inputs { wanted[input.stage.index] = true }
        }
        return stages.indices.filter { wanted[$0] }.map(StageID.init(index:))
    }

    public func stage(named name: String) -> StageID? {
        stages.firstIndex { $0.name == name }.map(StageID.init(index:))
    }
}
