/// The windows that a long text is read in, and the tokens that each of them counts: those that no window before it held.
///
/// This is how `transformers`' page on the perplexity of fixed-length models strides. A token counts once, unless it begins
/// the text or a window that overlaps no other: nothing precedes it.
package struct PerplexityWindows: Hashable, Sendable {
    /// Places of the text's tokens.
    package let ranges: [Range<Int>]
    /// How many tokens at a window's end count.
    package let counted: [Int]

    /// - Parameters:
    ///   - count: tokens of the text, at least two.
    ///   - context: tokens of a window.
    ///   - stride: tokens between the starts of two windows, at most `context`.
    package init(count: Int, context: Int, stride: Int) throws(GenerationError) {
        guard count >= 2 else { throw GenerationError("The text has \(count) tokens; perplexity needs at least two.") }
        guard context >= 2, (1...context).contains(stride) else {
            throw GenerationError("A stride of \(stride) does not fit a context of \(context) tokens.")
        }
        var ranges: [Range<Int>] = []
        var counted: [Int] = []
        var end = 0
        while end < count {
            let start = ranges.count * stride
            let next = min(start + context, count)
            counted.append(next - max(end, start + 1))
            ranges.append(start..<next)
            end = next
        }
        self.ranges = ranges
        self.counted = counted
    }

    package var countedTokens: Int { counted.reduce(0, +) }
}
