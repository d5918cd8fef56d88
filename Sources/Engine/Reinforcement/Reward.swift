/// What an answer is worth.
public struct Reward: Hashable, Sendable {
    public var value: Double
    /// Whether it keeps to the format.
    public var isWellFormed: Bool
    /// Whether nothing is wrong with it.
    public var isRight: Bool

    public init(_ value: Double, isWellFormed: Bool, isRight: Bool) {
        self.value = value
        self.isWellFormed = isWellFormed
        self.isRight = isRight
    }

    /// Of an answer that breaks the format, or that does not end.
    public static let malformed = Reward(-1, isWellFormed: false, isRight: false)
}
