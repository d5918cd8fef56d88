/// The constraints that hold answers to calls of a row's candidate functions; rows with the same candidates share one.
package struct CallConstraints {
    private let functions: [String: FunctionDefinition]
    private let vocabulary: Vocabulary
    private var known: [[FunctionDefinition]: TokenConstraint] = [:]

    /// - Parameter functions: definitions by name.
    package init(functions: [String: FunctionDefinition], tokenizer: Tokenizer) {
        self.functions = functions
        vocabulary = Vocabulary(tokenizer)
    }

    /// A row that lists no functions, and has no definitions of its own, may call any: its pool is fixed.
    package mutating func constraint(for row: Row) -> TokenConstraint {
        let listsAll = row.functions.isEmpty && row.definitions == nil
        let candidates = (listsAll ? Array(functions.keys) : row.functions).sorted()
            .compactMap { row.definition(of: $0, in: functions) }
        if let constraint = known[candidates] { return constraint }
        let constraint = TokenConstraint(.calls(of: candidates), vocabulary: vocabulary)
        known[candidates] = constraint
        return constraint
    }
}
