/// What an answer is worth.
package struct Reward: Hashable, Sendable {
    package var value: Double
    /// Whether it keeps to the format.
    package var isWellFormed: Bool
    /// Whether nothing is wrong with it.
    package var isRight: Bool

    package init(_ value: Double, isWellFormed: Bool, isRight: Bool) {
        self.value = value
        self.isWellFormed = isWellFormed
        self.isRight = isRight
    }

    /// Of an answer that breaks the format, or that does not end.
    package static let malformed = Reward(-1, isWellFormed: false, isRight: false)
}
