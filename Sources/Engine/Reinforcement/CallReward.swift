import Words

/// The reward of function calls: R = format·(1 + answer) − (1 − format), format 0 or 1 (From Large to Super-Tiny, appendices A
/// and K).
///
/// format is 1 where the response is a list of calls of functions in the prompt's pool, and the functions have every argument, with
/// its schema's type. Missing arguments reduce only the answer. With reasoning (see `ReasonedResponse`), the reasoning must also
/// name every called function, and the last function it names must be the last one called.
///
/// answer is 0 where the number of calls is not the reference's; α + β where no call is wanted and none is made; else the mean
/// over calls of α·[name equal] + β·|arguments ∩ reference's|/|arguments ∪ reference's|, arguments as sets of (key, value). Calls
/// are paired with the reference's in any order, the best pairs first. Where a row has possible answers, the reference is the
/// most similar right call.
package struct CallReward: Sendable {
    /// α
    package var nameWeight: Double
    /// β
    package var argumentsWeight: Double
    package var format: AnswerStyle
    private let functions: [String: FunctionDefinition]

    /// - Parameter functions: definitions by name. A prompt's pool are the functions that its row lists; all where it lists none.
    package init(
        nameWeight: Double = 0.5, argumentsWeight: Double = 0.5, format: AnswerStyle, functions: [String: FunctionDefinition]
    ) {
        (self.nameWeight, self.argumentsWeight, self.format, self.functions) = (nameWeight, argumentsWeight, format, functions)
    }

    /// The reward of a response that ended.
    package func reward(for response: String, to row: Row) -> Reward {
        guard let calls = wellFormedCalls(in: response, to: row) else { return .malformed }
        guard calls.count == row.answers.count else { return Reward(1, isWellFormed: true, isRight: false) }
        let pairs = paired(calls.count, by: pairing(calls, in: row))
        let answer =
            calls.isEmpty ? nameWeight + argumentsWeight : pairs.reduce(0) { $0 + worth($1) } / Double(calls.count)
        return Reward(1 + answer, isWellFormed: true, isRight: pairs.allSatisfy { $0.hasName && $0.overlap == 1 })
    }

    /// The calls of a response; `nil` where it is malformed.
    private func wellFormedCalls(in response: String, to row: Row) -> [FunctionCall]? {
        let pool = Set(row.callable(in: functions))
        guard case .success(let answer) = format.answer(in: response), case .success(let calls) = CallParser.calls(in: answer),
            calls.allSatisfy({ call in
                pool.contains(call.name) && row.definition(of: call.name, in: functions)?.takes(call.arguments) == true
            })
        else { return nil }
        guard format == .reasoning, let last = calls.last else { return calls }
        guard case .success(let parts) = ReasonedResponse.parse(response) else { return nil }
        let named = Self.names(in: parts.reasoning).filter(pool.contains)
        return named.last == last.name && calls.allSatisfy { named.contains($0.name) } ? calls : nil
    }

    /// Words that may be names, in order: runs of letters, digits, `_`, `-` and inner `.`.
    private static func names(in text: String) -> [String] {
        text.split { !$0.isLetter && !$0.isNumber && !"_-.".contains($0) }
            .map { word in
                var word = word
                while word.last == "." { word.removeLast() }
                return String(word)
            }
    }

    /// Compares a call with a wanted one, both given by their index.
    private func pairing(_ calls: [FunctionCall], in row: Row) -> (_ call: Int, _ wanted: Int) -> CallPair {
        guard let possible = row.possible else { return { CallPair(calls[$0], row.answers[$1]) } }
        return { call, wanted in
            let wanted = possible[wanted]
            return CallPair(calls[call], wanted, function: row.definition(of: wanted.name, in: functions))
        }
    }

    private func worth(_ pair: CallPair) -> Double { nameWeight * (pair.hasName ? 1 : 0) + argumentsWeight * pair.overlap }

    /// Pairs as many calls as wanted ones: the best pair first; of equal pairs, the earliest.
    private func paired(_ count: Int, by pairing: (_ call: Int, _ wanted: Int) -> CallPair) -> [CallPair] {
        var (calls, wanted) = (Array(0..<count), Array(0..<count))
        var pairs: [CallPair] = []
        while !calls.isEmpty {
            var best: (call: Int, wanted: Int, pair: CallPair)?
            for (call, wanted) in calls.flatMap({ call in wanted.map { (call, $0) } }) {
                let pair = pairing(call, wanted)
                if best.map({ worth(pair) > worth($0.pair) }) ?? true { best = (call, wanted, pair) }
            }
            guard let best else { break }
            pairs.append(best.pair)
            calls.removeAll { $0 == best.call }
            wanted.removeAll { $0 == best.wanted }
        }
        return pairs
    }
}

/// The reward of an answer.
package struct Reward: Hashable, Sendable {
    package var value: Double
    /// Whether the answer has the right format.
    package var isWellFormed: Bool
    /// Whether the answer is right.
    package var isRight: Bool

    package init(_ value: Double, isWellFormed: Bool, isRight: Bool) {
        (self.value, self.isWellFormed, self.isRight) = (value, isWellFormed, isRight)
    }

    /// The reward of an answer with a wrong format, or that did not end.
    package static let malformed = Reward(-1, isWellFormed: false, isRight: false)
}

/// The similarity of a call and a wanted one.
struct CallPair {
    var hasName: Bool
    /// |∩|/|∪| of the arguments as sets of (key, value); 1 where neither has arguments.
    var overlap: Double

    init(_ call: FunctionCall, _ wanted: FunctionCall) {
        let given = Self.arguments(of: call)
        let asked = Self.arguments(of: wanted)
        self.init(call.name == wanted.name, shared: given.intersection(asked).count, all: given.union(asked).count)
    }

    /// Compares a call with the most similar right call: the one with the same allowed arguments that omits, where it may, arguments
    /// that are missing or wrong.
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
