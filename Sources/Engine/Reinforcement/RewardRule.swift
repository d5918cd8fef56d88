/// What answers are rewarded for: terms between 0 and 1, each with a weight.
///
/// R = `malformed` where the answer is malformed, else `format` + the mean over calls of `names`·[name equal] +
/// `arguments`·|∩|/|∪|, + `judge`·[accepted] + `length`·shortness + `command`·number. By default that is METHODS'
/// format·(1 + answer) − (1 − format).
package struct RewardRule: Hashable, Sendable {
    /// Of any well-formed answer.
    package var format: Double
    /// α; with `arguments` the weight of an answer that is graded as a whole.
    package var names: Double
    /// β
    package var arguments: Double
    package var judge: Double
    package var length: Double
    /// An answer of so many tokens is short, one of twice as many is not at all.
    package var lengthTokens: Int
    package var command: Double
    /// The reward of an answer that is malformed, or did not end.
    package var malformed: Double
    /// Whether a call without a required argument is malformed.
    package var needsRequired: Bool

    package init(
        format: Double = 1, names: Double = 0.5, arguments: Double = 0.5, judge: Double = 0, length: Double = 0,
        lengthTokens: Int = 64, command: Double = 0, malformed: Double = -1, needsRequired: Bool = false
    ) {
        (self.format, self.names, self.arguments, self.judge) = (format, names, arguments, judge)
        (self.length, self.lengthTokens, self.command) = (length, lengthTokens, command)
        (self.malformed, self.needsRequired) = (malformed, needsRequired)
    }
}

extension RewardRule {
    /// The reward of an answer.
    ///
    /// - Parameters:
    ///   - grade: `nil` for a malformed answer.
    ///   - tokens: of the answer, without its end.
    ///   - isAccepted: by the judge.
    ///   - number: a command's, between 0 and 1.
    package func reward(
        of grade: AnswerGrade?, tokens: Int = 0, isAccepted: Bool = false, number: Double = 0
    ) -> Reward {
        var terms: [String: Double] = ["format": 0, "names": 0, "arguments": 0, "malformed": 0]
        let all: [(name: String, weight: Double, value: Double)] = [
            ("judge", judge, isAccepted ? 1 : 0), ("length", length, shortness(of: tokens)), ("exec", command, number),
        ]
        let others = all.filter { $0.weight != 0 }
        for other in others { terms[other.name] = 0 }
        guard let grade else {
            terms["malformed"] = malformed
            return Reward(malformed, isWellFormed: false, isRight: false, terms: terms)
        }
        terms["format"] = format
        terms["names"] = names * grade.mean(\.name)
        terms["arguments"] = arguments * grade.mean(\.arguments)
        var value = format + grade.worth(names: names, arguments: arguments)
        for other in others {
            terms[other.name] = other.weight * other.value
            value += other.weight * other.value
        }
        return Reward(value, isWellFormed: true, isRight: grade.isRight, terms: terms)
    }

    /// 1 up to `lengthTokens`, then falling to 0 at twice as many.
    func shortness(of tokens: Int) -> Double { max(0, min(1, 2 - Double(tokens) / Double(max(1, lengthTokens)))) }
}

/// How right a well-formed answer is, in parts.
package struct AnswerGrade: Hashable, Sendable {
    /// A call beside the wanted one; both between 0 and 1.
    package struct Part: Hashable, Sendable {
        package var name: Double
        package var arguments: Double
    }

    /// At least one.
    package var parts: [Part]
    package var isRight: Bool

    init(_ parts: [Part], isRight: Bool) { (self.parts, self.isRight) = (parts, isRight) }

    /// An answer that is graded as a whole.
    init(whole grade: Double, isRight: Bool) { self.init([Part(name: grade, arguments: grade)], isRight: isRight) }

    /// The mean over the parts of `names`·name + `arguments`·arguments.
    func worth(names: Double, arguments: Double) -> Double {
        parts.reduce(0) { $0 + (names * $1.name + arguments * $1.arguments) } / Double(max(1, parts.count))
    }

    func mean(_ value: (Part) -> Double) -> Double { parts.reduce(0) { $0 + value($1) } / Double(max(1, parts.count)) }
}

/// The reward of an answer.
package struct Reward: Hashable, Sendable {
    package var value: Double
    /// Whether the answer has the right format.
    package var isWellFormed: Bool
    /// Whether the answer is right.
    package var isRight: Bool
    /// What each term of its rule adds, by name.
    package var terms: [String: Double]

    package init(_ value: Double, isWellFormed: Bool, isRight: Bool, terms: [String: Double] = [:]) {
        (self.value, self.isWellFormed, self.isRight, self.terms) = (value, isWellFormed, isRight, terms)
    }

    /// The standard reward of an answer with a wrong format, or that did not end.
    package static let malformed = Reward(-1, isWellFormed: false, isRight: false)
}
