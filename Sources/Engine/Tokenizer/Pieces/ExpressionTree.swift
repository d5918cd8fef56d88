/// A regular expression of a tokenizer, in the part of Oniguruma's language that published tokenizers use: classes with
/// properties, ranges, other classes and `&&`; groups, `(?i:…)`, alternatives, repetition, `^`, `$` and looking around.
indirect enum ExpressionTree: Hashable, Sendable {
    enum Greed: Hashable, Sendable { case greedy, lazy, possessive }

    case set(ScalarSet)
    case sequence([ExpressionTree])
    case choice([ExpressionTree])
    case repeated(ExpressionTree, atLeast: Int, atMost: Int?, Greed)
    case lookAhead(ExpressionTree, negated: Bool)
    case lookBehind(ScalarSet, negated: Bool)
    case lineStart
    case lineEnd

    /// Whether it may match nothing.
    var isNullable: Bool {
        switch self {
        case .set: false
        case .sequence(let parts): parts.allSatisfy(\.isNullable)
        case .choice(let parts): parts.contains(where: \.isNullable)
        case .repeated(let part, let least, _, _): least == 0 || part.isNullable
        case .lookAhead, .lookBehind, .lineStart, .lineEnd: true
        }
    }

    /// Whether it is a sequence of sets, so that it can match a text in one way only.
    var hasOneWay: Bool {
        switch self {
        case .set: true
        case .sequence(let parts): parts.allSatisfy(\.hasOneWay)
        case .repeated(let part, let least, let most, _): least == most && part.hasOneWay
        default: false
        }
    }

    /// The bytes that a match may start with.
    var firstBytes: Set<UInt8> {
        switch self {
        case .set(let set): set.firstBytes
        case .sequence(let parts):
            parts.prefix((parts.firstIndex { !$0.isNullable } ?? parts.count) + 1).reduce([]) { $0.union($1.firstBytes) }
        case .choice(let parts): parts.reduce([]) { $0.union($1.firstBytes) }
        case .repeated(let part, _, _, _): part.firstBytes
        case .lookAhead, .lookBehind, .lineStart, .lineEnd: []
        }
    }
}

extension ExpressionTree {
    /// - Throws: a fault that names what is not supported.
    init(parsing source: String) throws(TokenizerFault) {
        var parser = ExpressionParser(source)
        self = try parser.choice()
        guard parser.isAtEnd else { throw parser.fault("a ')' that closes nothing") }
    }
}
