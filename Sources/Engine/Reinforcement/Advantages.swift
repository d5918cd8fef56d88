/// By how much each answer of a batch did better than was to be expected: REINFORCE++-baseline (Hu et al., arXiv 2501.03262).
///
/// A = R − the mean over the answers to the same prompt, not divided by their deviation; then the A of the whole batch are
/// brought to mean 0 and (population) deviation 1, ε 1e-8 beside the deviation. A prompt whose answers all have one reward
/// tells nothing: it is left out, of the normalization too, which would otherwise weigh the others by how many such prompts
/// came along.
package struct Advantages: Hashable, Sendable {
    /// Of every answer, in the rewards' order; `nil` for answers to prompts that are left out.
    package let values: [Double?]
    /// Prompts that are left out.
    package let skippedGroups: Int

    private static let epsilon = 1e-8

    /// - Parameters:
    ///   - rewards: prompt by prompt.
    ///   - groupSize: answers to each prompt; divides their number.
    package init(of rewards: [Double], groupSize: Int) {
        var centred = [Double?](repeating: nil, count: rewards.count)
        var skipped = 0
        for start in stride(from: 0, to: rewards.count, by: max(1, groupSize)) {
            let group = start..<min(start + max(1, groupSize), rewards.count)
            if group.allSatisfy({ rewards[$0] == rewards[start] }) {
                skipped += 1
                continue
            }
            let mean = group.reduce(0) { $0 + rewards[$1] } / Double(group.count)
            for answer in group { centred[answer] = rewards[answer] - mean }
        }
        let known = centred.compactMap(\.self)
        let count = Double(max(1, known.count))
        let mean = known.reduce(0, +) / count
        let deviation = (known.reduce(0) { $0 + ($1 - mean) * ($1 - mean) } / count).squareRoot()
        values = centred.map { value in value.map { ($0 - mean) / (deviation + Self.epsilon) } }
        skippedGroups = skipped
    }
}
