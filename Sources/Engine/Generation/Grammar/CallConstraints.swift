/// The constraints that hold answers to calls of a row's candidate functions; rows with the same candidates share one.
public struct CallConstraints {
    private let functions: [String: FunctionDefinition]
    private let vocabulary: Vocabulary
    private var known: [[String]: TokenConstraint] = [:]

    /// - Parameter functions: definitions by name.
    public init(functions: [String: FunctionDefinition], tokenizer: Tokenizer) {
        self.functions = functions
        vocabulary = Vocabulary(tokenizer)
    }

    /// A row that lists no functions may call any: its pool is fixed.
    public mutating func constraint(for row: Row) -> TokenConstraint {
        let names = (row.functions.isEmpty ? Array(functions.keys) : row.functions).sorted()
        if let constraint = known[names] { return constraint }
        let constraint = TokenConstraint(.calls(of: names.compactMap { functions[$0] }), vocabulary: vocabulary)
        known[names] = constraint
        return constraint
    }
}
