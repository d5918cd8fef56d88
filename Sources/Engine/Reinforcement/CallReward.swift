import Words

/// The reward of function calls (From Large to Super-Tiny, appendices A and K).
///
/// A response is well formed where it is a list of calls of functions in the prompt's pool, and the functions have every
/// argument, with its schema's type. Missing arguments reduce only the answer's worth, unless the rule wants the required
/// ones. With reasoning (see `ReasonedResponse`), the reasoning must also name every called function, and the last function it
/// names must be the last one called.
///
/// The parts are 0 where the number of calls is not the reference's; 1 where no call is wanted and none is made; else for each
/// call [name equal] and |arguments ∩ reference's|/|arguments ∪ reference's|, arguments as sets of (key, value). Calls are paired
/// with the reference's in any order, the best pairs first. Where a row has possible answers, the reference is the most similar
/// right call.
package struct CallReward: Sendable {
    package var rule: RewardRule
    package var format: AnswerStyle
    private let functions: [String: FunctionDefinition]

    /// - Parameter functions: definitions by name. A prompt's pool are the functions that its row lists; all where it lists none.
    package init(_ rule: RewardRule = RewardRule(), format: AnswerStyle, functions: [String: FunctionDefinition]) {
        (self.rule, self.format, self.functions) = (rule, format, functions)
    }

    /// The reward of a response that ended, without a judge's, a command's and its length's part.
    package func reward(for response: String, to row: Row) -> Reward { rule.reward(of: grade(response, to: row)) }

    /// How right a response is that ended; `nil` where it is malformed.
    package func grade(_ response: String, to row: Row) -> AnswerGrade? {
        guard let calls = wellFormedCalls(in: response, to: row) else { return nil }
        guard calls.count == row.answers.count else { return AnswerGrade(whole: 0, isRight: false) }
        if calls.isEmpty { return AnswerGrade(whole: 1, isRight: true) }
        let pairs = paired(calls.count, by: pairing(calls, in: row))
        return AnswerGrade(
            pairs.map { AnswerGrade.Part(name: $0.hasName ? 1 : 0, arguments: $0.overlap) },
            isRight: pairs.allSatisfy { $0.hasName && $0.overlap == 1 })
    }

    /// The calls of a response; `nil` where it is malformed.
    private func wellFormedCalls(in response: String, to row: Row) -> [FunctionCall]? {
        let pool = Set(row.callable(in: functions))
        guard case .success(let answer) = format.answer(in: response), case .success(let calls) = CallParser.calls(in: answer),
            calls.allSatisfy({ call in
                pool.contains(call.name) && row.definition(of: call.name, in: functions).map { takes(call, $0) } == true
            })
        else { return nil }
        guard format == .reasoning, let last = calls.last else { return calls }
        guard case .success(let parts) = ReasonedResponse.parse(response) else { return nil }
        let named = Self.names(in: parts.reasoning).filter(pool.contains)
        return named.last == last.name && calls.allSatisfy { named.contains($0.name) } ? calls : nil
    }

    /// Whether the function has the call's arguments, and the call those that the rule wants.
    private func takes(_ call: FunctionCall, _ function: FunctionDefinition) -> Bool {
        function.takes(call.arguments)
            && (!rule.needsRequired || function.required.allSatisfy { call.arguments[$0] != nil })
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

    private func worth(_ pair: CallPair) -> Double { rule.names * (pair.hasName ? 1 : 0) + rule.arguments * pair.overlap }

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
