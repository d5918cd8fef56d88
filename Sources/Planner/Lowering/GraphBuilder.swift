import BuildModel
import CanonicalJSON
import Kinds

/// Collects stages, each once: equal kind, parameters and inputs are the same stage.
struct GraphBuilder {
    /// A stage and what its name is made of.
    struct Draft {
        var stage: Stage
        var title: StageTitle
        /// For each axis of the matrix the value that all variants with this stage share; -1 where they have several.
        var choices: [Int]
    }

    private(set) var drafts: [Draft] = []
    /// What the current variant consists of, in the order of being added.
    private(set) var touched: [StageID] = []
    private var registers: [ObjectIdentifier: AnyObject] = [:]
    private var choices: [Int] = []
    private var numerics = Numerics.portable
    private var numericsOrigin: @Sendable () -> [Origin] = { [] }

    /// Begins a variant: stages that are added or met again from now on belong to it. Those that run a model have its
    /// numerics.
    mutating func begin(variant choices: [Int], numerics: Numerics, origin: @escaping @Sendable () -> Origin) {
        self.choices = choices
        self.numerics = numerics
        numericsOrigin = { [origin()] }
        touched.removeAll(keepingCapacity: true)
    }

    /// Adds a stage, or finds the equal one that is there already; the first one's title and origins stay.
    mutating func add<Kind: StageKind>(
        _ kind: Kind, _ title: StageTitle, inputs: [Stage.Input] = [], fixedOutput: FixedOutput? = nil,
        endpoint: EndpointAccess? = nil, workload: Workload = .unknown
    ) throws -> StageID {
        var kind = kind
        kind.settle()
        let register = register(of: Kind.self)
        let numerics = kind.runsModel ? self.numerics : .portable
        let identity = Register<Kind>.Identity(kind: kind, names: kind.names, inputs: inputs, numerics: numerics)
        if let id = register.stages[identity] {
            touch(id)
            return id
        }
        let id = StageID(index: drafts.count)
        let parameters = try register.parameters(of: kind)
        let (settled, numericsOrigin) = (kind, self.numericsOrigin)
        let stage = Stage(
            name: "", kind: Kind.name, revision: Kind.revision, parameters: parameters.json, inputs: inputs, numerics: numerics,
            canonicalParameters: parameters.canonical, fixedOutput: fixedOutput, endpoint: endpoint,
            work: kind.operations(workload),
            isMeasurement: Kind.isMeasurement, memory: { settled.memory($0) },
            origins: settled.origins() + (settled.runsModel ? numericsOrigin() : []))
        drafts.append(Draft(stage: stage, title: title, choices: choices))
        register.stages[identity] = id
        touched.append(id)
        return id
    }

    /// Takes stages into the variant that are there already.
    mutating func touch(_ ids: [StageID]) {
        for id in ids { touch(id) }
    }

    private mutating func touch(_ id: StageID) {
        touched.append(id)
        for axis in choices.indices where drafts[id.index].choices[axis] != choices[axis] {
            drafts[id.index].choices[axis] = -1
        }
    }

    private mutating func register<Kind: StageKind>(of kind: Kind.Type) -> Register<Kind> {
        if let known = registers[ObjectIdentifier(kind)] as? Register<Kind> { return known }
        let register = Register<Kind>()
        registers[ObjectIdentifier(kind)] = register
        return register
    }

    /// The graph under the given names, one per stage.
    func graph(names: [String], targets: [Graph.Target]) -> Graph {
        let stages = zip(drafts, names).map { draft, name in
            var stage = draft.stage
            stage.name = name
            return stage
        }
        return Graph(stages: stages, targets: targets)
    }
}

/// The stages of one kind.
private final class Register<Kind: StageKind> {
    /// What two stages have in common when they are one.
    struct Identity: Hashable {
        var kind: Kind
        /// `kind` takes texts for equal that differ in their bytes.
        var names: [FileName]
        var inputs: [Stage.Input]
        var numerics: Numerics
    }

    var stages: [Identity: StageID] = [:]
    /// Most stages of a matrix differ in their inputs alone.
    private var encoded: [Kind: (json: JSON, canonical: [UInt8])] = [:]

    func parameters(of kind: Kind) throws -> (json: JSON, canonical: [UInt8]) {
        if kind.names.isEmpty, let known = encoded[kind] { return known }
        let json = try kind.json
        encoded[kind] = (json, json.canonicalBytes)
        return (json, json.canonicalBytes)
    }
}
