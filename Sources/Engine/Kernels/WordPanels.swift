import CKernels

/// Words of a matrix's outputs, in panels of 32 outputs side by side, so that a pass over a panel reads memory in order.
///
/// Never written after its making. `base` is valid while the object lives.
final class WordPanels {
    /// Outputs of a panel.
    static let outputs = Int(decant_panel_columns)

    let base: UnsafePointer<UInt32>
    private let memory: FloatBuffer

    /// - Parameter words: as many for each output.
    init(_ words: [UInt32], outputs: Int) {
        let perOutput = words.count / max(1, outputs)
        let memory = FloatBuffer(count: (outputs + Self.outputs - 1) / Self.outputs * Self.outputs * perOutput)
        words.withUnsafeBytes { words in
            // Moved only: what they would be as floats is nobody's business.
            if let words = words.assumingMemoryBound(to: Float.self).baseAddress {
                decant_panels_pack(words, perOutput, outputs, perOutput, memory.base)
            }
        }
        self.memory = memory
        base = UnsafeRawPointer(memory.base).assumingMemoryBound(to: UInt32.self)
    }

    /// Bytes of rows, padded with zeros to whole words.
    static func words(_ bytes: [UInt8], rows: Int) -> [UInt32] {
        let perRow = bytes.count / max(1, rows)
        let wordsPerRow = (perRow + 3) / 4
        return [UInt32](unsafeUninitializedCapacity: rows * wordsPerRow) { words, count in
            count = rows * wordsPerRow
            words.update(repeating: 0)
            let target = UnsafeMutableRawBufferPointer(words)
            bytes.withUnsafeBytes { bytes in
                for row in 0..<rows {
                    UnsafeMutableRawBufferPointer(rebasing: target[4 * row * wordsPerRow..<4 * row * wordsPerRow + perRow])
                        .copyMemory(from: UnsafeRawBufferPointer(rebasing: bytes[row * perRow..<(row + 1) * perRow]))
                }
            }
        }
    }
}
