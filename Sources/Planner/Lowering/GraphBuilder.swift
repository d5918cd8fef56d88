import BuildModel
import CanonicalJSON
import Kinds

/// Collects stages, each once: equal kind, parameters and inputs are the same stage.
struct GraphBuilder {
    /// What a stage's name is made of.
    struct Draft {
        var title: StageTitle
        /// For each axis of the matrix the value that all variants with this stage share; -1 where they have several.
        var choices: [Int]
    }

    /// Under their names once there is a graph.
    private var stages: [Stage] = []
    /// Of the stages' names.
    private(set) var drafts: [Draft] = []
    /// What the current variant consists of, in the order of being added.
    private(set) var touched: [StageID] = []
    private var known: [Identity: StageID] = [:]
    private var registers: [ObjectIdentifier: AnyObject] = [:]
    /// How many different parameters there are, of all kinds.
    private var count = 0
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

    /// What two stages have in common when they are one.
    private struct Identity: Hashable {
        /// Of the kind's parameters.
        var number: Int
        var inputs: [Stage.Input]
        var numerics: Numerics

        /// Stages with the same inputs under other names are few.
        func hash(into hasher: inout Hasher) {
            hasher.combine(number)
            for input in inputs { hasher.combine(input.stage) }
        }
    }

    /// Adds a stage, or finds the equal one that is there already; the first one's title and origins stay.
    mutating func add(
        _ kind: some StageKind, _ title: StageTitle, inputs: [Stage.Input] = [], fixedOutput: FixedOutput? = nil,
        endpoint: EndpointAccess? = nil, workload: Workload = .unknown
    ) throws -> StageID {
        try add(try settled(kind), title, inputs: inputs, fixedOutput: fixedOutput, endpoint: endpoint, workload: workload)
    }

    /// A kind as stages have it: whoever adds many stages of the same parameters settles them once.
    mutating func settled<Kind: StageKind>(_ kind: Kind) throws -> SettledKind {
        var kind = kind
        kind.settle()
        return SettledKind(kind: kind, parameters: try register(of: Kind.self).parameters(of: kind, next: &count))
    }

    mutating func add(
        _ settled: SettledKind, _ title: StageTitle, inputs: [Stage.Input], fixedOutput: FixedOutput? = nil,
        endpoint: EndpointAccess? = nil, workload: Workload = .unknown
    ) throws -> StageID {
        let (kind, parameters) = (settled.kind, settled.parameters)
        let numerics = kind.runsModel ? self.numerics : .portable
        let identity = Identity(number: parameters.number, inputs: inputs, numerics: numerics)
        if let id = known[identity] {
            touch(id)
            return id
        }
        let id = StageID(index: drafts.count)
        let numericsOrigin = self.numericsOrigin
        stages.append(
            Stage(
                name: "", kind: type(of: kind).name, revision: type(of: kind).revision, parameters: parameters.json,
                inputs: inputs, numerics: numerics, canonicalParameters: parameters.canonical, fixedOutput: fixedOutput,
                endpoint: endpoint, work: kind.operations(workload), isMeasurement: type(of: kind).isMeasurement,
                memory: { kind.memory($0) },
                origins: kind.origins() + (kind.runsModel ? numericsOrigin() : [])))
        drafts.append(Draft(title: title, choices: choices))
        known[identity] = id
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
    mutating func graph(names: [String], targets: [Graph.Target]) -> Graph {
        for (index, name) in names.enumerated() { stages[index].name = name }
        return Graph(stages: stages, targets: targets)
    }
}

/// A kind of stage whose parameters are settled and encoded.
struct SettledKind {
    fileprivate let kind: any StageKind
    fileprivate let parameters: EncodedParameters
}

/// Parameters as keys have them.
private struct EncodedParameters {
    /// Equal for equal parameters of one kind, and for no others.
    var number: Int
    var json: JSON
    var canonical: [UInt8]
}

/// The parameters of one kind that stages have: most stages of a matrix differ in their inputs alone.
private final class Register<Kind: StageKind> {
    private struct Identity: Hashable {
        var kind: Kind
        /// `kind` takes texts for equal that differ in their bytes.
        var names: [FileName]
    }

    private var known: [Identity: EncodedParameters] = [:]

    /// - Parameter count: how many there are, of all kinds.
    func parameters(of kind: Kind, next count: inout Int) throws -> EncodedParameters {
        let identity = Identity(kind: kind, names: kind.names)
        if let known = known[identity] { return known }
        let json = try kind.json
        let new = EncodedParameters(number: count, json: json, canonical: json.canonicalBytes)
        count += 1
        known[identity] = new
        return new
    }
}
