/// How much of a prompt a server has read before: its keys and values are at hand.
package enum CachedPrefix: Codable, Hashable, Sendable {
    /// What the prompt begins with like another one of its set.
    case shared
    /// So many tokens of every prompt.
    case tokens(Int)

    package static let sharedWord = "shared"

    package init(from decoder: any Decoder) throws {
        let container = try decoder.singleValueContainer()
        if let count = try? container.decode(Int.self), count > 0 {
            self = .tokens(count)
        } else if try container.decode(String.self) == Self.sharedWord {
            self = .shared
        } else {
            throw DecodingError.dataCorruptedError(in: container, debugDescription: "neither 'shared' nor a number of tokens")
        }
    }

    package func encode(to encoder: any Encoder) throws {
        var container = encoder.singleValueContainer()
        switch self {
        case .shared: try container.encode(Self.sharedWord)
        case .tokens(let count): try container.encode(count)
        }
    }
}
