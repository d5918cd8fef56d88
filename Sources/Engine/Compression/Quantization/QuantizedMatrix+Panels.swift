import CKernels

extension QuantizedMatrix {
    func panels() -> any WeightPanels {
        CodedPanels(
            bits == 4 ? decant_codes_int4 : decant_codes_int8, words: WordPanels.words(packed, rows: rows), scales: scales,
            rows: rows, columns: columns, groupSize: groupSize)
    }
}
