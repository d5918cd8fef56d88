import Synchronization

/// Restricts answers to texts of a pattern: a token is allowed where the answer can still become such a text.
///
/// There is always an allowed token. Where few tokens are left, only tokens are allowed that leave room to end the text.
package final class TokenConstraint: Sendable {
    typealias State = ByteStates.State

    /// Bytes of a text without choice that are looked at together.
    private static let longestText = 256

    private let vocabulary: Vocabulary
    private let table: Mutex<Table>

    package init(_ pattern: BytePattern, vocabulary: Vocabulary) {
        self.vocabulary = vocabulary
        table = Mutex(Table(states: ByteStates(pattern)))
    }

    /// What was computed so far.
    private struct Table {
        struct Key: Hashable {
            var state: State
            /// Tokens that the answer may still have; `nil` where there is room for every end.
            var tokensLeft: Int?
        }

        var states: ByteStates
        var masks: [Key: TokenMask] = [:]
        /// By state: the most tokens that an end needs after one of the allowed tokens.
        var longestEnds: [State: Int] = [:]
        /// By state: the tokens of the text that must follow.
        var expected: [State: [Int32]] = [:]
        /// By state: the number of tokens of its shortest end.
        var ends: [State: Int] = [:]
        /// The stop tokens in the masks.
        var stopTokens: Set<Int32> = []
    }

    var start: State { ByteStates.start }

    func state(after token: Int32, from state: State) -> State {
        table.withLock { table in
            vocabulary.bytes(of: token).reduce(state) { table.states.state(after: $1, from: $0) }
        }
    }

    /// Whether the text is complete and nothing may follow.
    func isComplete(_ state: State) -> Bool {
        table.withLock { $0.states.isAccepting(state) && !$0.states.canGoOn(state) }
    }

    /// The tokens that usually spell the text that must follow, up to where several texts may. A model may spell it otherwise.
    func expectedTokens(from state: State) -> [Int32] {
        table.withLock { table in
            if let known = table.expected[state] { return known }
            let tokens = vocabulary.usualTokens(spelling: table.states.onlyText(from: state, upTo: Self.longestText))
            table.expected[state] = tokens
            return tokens
        }
    }

    /// The tokens that may follow where `tokensLeft` are left; stop tokens where the text is complete.
    func mask(in state: State, tokensLeft: Int, stopTokens: Set<Int32>) -> TokenMask {
        table.withLock { table in
            if table.stopTokens != stopTokens {
                table.masks = [:]
                table.stopTokens = stopTokens
            }
            let all = mask(Table.Key(state: state), in: &table)
            guard tokensLeft - 1 < table.longestEnds[state] ?? 0 else { return all }
            return mask(Table.Key(state: state, tokensLeft: tokensLeft), in: &table)
        }
    }

    private func mask(_ key: Table.Key, in table: inout Table) -> TokenMask {
        if let known = table.masks[key] { return known }
        var allowed: [Int32] = table.states.isAccepting(key.state) ? Array(table.stopTokens) : []
        var longest = 0
        forEachToken(from: key.state, in: &table) { token, state, table in
            let end = tokensToEnd(of: state, in: &table)
            longest = max(longest, end)
            if end < key.tokensLeft ?? .max { allowed.append(token) }
        }
        if key.tokensLeft == nil { table.longestEnds[key.state] = longest }
        // Without room for any end, the answer will be cut off anyway.
        let isStuck = allowed.isEmpty && key.tokensLeft != nil
        let mask = isStuck ? mask(Table.Key(state: key.state), in: &table) : TokenMask(allowed)
        table.masks[key] = mask
        return mask
    }

    /// Calls `body` with each token that may follow and the state after it.
    ///
    /// Tokens are visited in the order of their bytes, so that each reuses the states of the prefix it shares with the previous.
    private func forEachToken(from start: State, in table: inout Table, _ body: (Int32, State, inout Table) -> Void) {
        var path = [start]
        for (token, common) in zip(vocabulary.sorted, vocabulary.common) {
            // It shares the byte that no state follows.
            if common >= path.count { continue }
            path.removeLast(path.count - 1 - common)
            let bytes = vocabulary.bytes[Int(token)]
            for byte in bytes[common...] {
                let next = table.states.state(after: byte, from: path[path.count - 1])
                if next == ByteStates.dead { break }
                path.append(next)
            }
            if path.count == bytes.count + 1 { body(token, path[path.count - 1], &table) }
        }
    }

    /// The smallest number of tokens that spell a state's shortest end.
    private func tokensToEnd(of state: State, in table: inout Table) -> Int {
        if let known = table.ends[state] { return known }
        let (bytes, states) = table.states.completion(of: state)
        let counts = vocabulary.fewestTokens(spelling: bytes)
        for (state, count) in zip(states, counts) { table.ends[state] = count }
        return counts[0]
    }
}

/// A set of tokens.
final class TokenMask: Sendable {
    private let words: [UInt64]
    /// The token of a set of one; `nil` for other sets.
    let only: Int32?

    init(_ tokens: some Sequence<Int32>) {
        var words: [UInt64] = []
        for token in tokens where token >= 0 {
            let word = Int(token) / 64
            if word >= words.count { words += [UInt64](repeating: 0, count: word - words.count + 1) }
            words[word] |= 1 << UInt64(Int(token) % 64)
        }
        self.words = words
        let filled = words.indices.filter { words[$0] != 0 }
        only =
            filled.count == 1 && words[filled[0]].nonzeroBitCount == 1
            ? Int32(filled[0] * 64 + words[filled[0]].trailingZeroBitCount) : nil
    }

    func allows(_ token: Int32) -> Bool {
        token >= 0 && Int(token) / 64 < words.count && words[Int(token) / 64] >> UInt64(Int(token) % 64) & 1 == 1
    }

    /// The tokens of the set below `limit`, in rising order.
    func tokens(below limit: Int) -> [Int32] {
        var tokens: [Int32] = []
        for (index, word) in words.enumerated() {
            var rest = word
            while rest != 0 {
                let token = index * 64 + rest.trailingZeroBitCount
                if token >= limit { return tokens }
                tokens.append(Int32(token))
                rest &= rest - 1
            }
        }
        return tokens
    }
}

/// Constraints that restrict answers to what a task allows. Rows with the same choices share one.
package struct AnswerConstraints {
    private let task: any AnswerTask
    private let vocabulary: Vocabulary
    /// The model's own form of calls; `nil` where it answers in Decant's.
    private let form: (any CallForm)?
    /// `nil` where an answer may have as many calls as its tokens allow.
    private let mostCalls: Int?
    private var known: [BytePattern: TokenConstraint] = [:]

    package init(task: any AnswerTask, prompts: PromptEncoder, mostCalls: Int? = nil) {
        (self.task, form, self.mostCalls) = (task, prompts.form, mostCalls)
        vocabulary = Vocabulary(prompts.tokenizer, spelling: Set(form?.marks ?? []))
    }

    /// The constraint for a row.
    ///
    /// - Throws: where any text may be the answer.
    package mutating func constraint(for row: Row) throws(RowError) -> TokenConstraint {
        constraint(try pattern(of: row))
    }

    /// The constraint of calls in Decant's form, one or more; `nil` where nothing can be called.
    package mutating func callingConstraint(for row: Row) -> TokenConstraint? {
        let functions = row.callableDefinitions(in: task.functions)
        return functions.isEmpty
            ? nil : constraint(.calls(of: functions, atMost: mostCalls, isEmptyAllowed: false, copyingFrom: row.query))
    }

    private mutating func constraint(_ pattern: BytePattern) -> TokenConstraint {
        if let constraint = known[pattern] { return constraint }
        let constraint = TokenConstraint(pattern, vocabulary: vocabulary)
        known[pattern] = constraint
        return constraint
    }

    private func pattern(of row: Row) throws(RowError) -> BytePattern {
        if let form { return form.pattern(of: row.callableDefinitions(in: task.functions), atMost: mostCalls) }
        if let mostCalls, task.kind == .calls {
            return .calls(of: row.callableDefinitions(in: task.functions), atMost: mostCalls, copyingFrom: row.query)
        }
        if let pattern = task.pattern(of: row) { return pattern }
        throw RowError("answers of the task '\(task.kind.rawValue)' are free texts, which no grammar constrains")
    }
}
