import CanonicalJSON

/// How near a call comes to a wanted one.
struct CallPair {
    var hasName: Bool
    /// |∩|/|∪| of the arguments as sets of (key, value); 1 where neither has any.
    var overlap: Double

    init(_ call: FunctionCall, _ wanted: FunctionCall) {
        let given = Self.arguments(of: call)
        let asked = Self.arguments(of: wanted)
        self.init(call.name == wanted.name, shared: given.intersection(asked).count, all: given.union(asked).count)
    }

    /// Against the nearest of the calls that are right: where an argument is given that it allows, it has the same; where it may,
    /// it leaves out what is not given, or given wrong.
    ///
    /// - Parameter function: the definition of the wanted function.
    init(_ call: FunctionCall, _ wanted: PossibleCall, function: FunctionDefinition?) {
        let right = wanted.arguments.filter { name, allowed in
            guard let value = call.arguments[name] else { return false }
            return ASTComparison.allows(value, among: allowed, schema: function?.schema(of: name))
        }
        let missed = wanted.arguments.filter { right[$0.key] == nil && !$0.value.contains(PossibleCall.leftOut) }
        self.init(call.name == wanted.name, shared: right.count, all: call.arguments.count + missed.count)
    }

    private init(_ hasName: Bool, shared: Int, all: Int) {
        self.hasName = hasName
        overlap = all == 0 ? 1 : Double(shared) / Double(all)
    }

    private static func arguments(of call: FunctionCall) -> Set<[String]> {
        Set(call.arguments.map { [$0.key, $0.value.canonicalText] })
    }
}
