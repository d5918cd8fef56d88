import BuildModel
import Engine
import Foundation
import Programs
import Words

extension ProcessorFamily {
    /// What `native` means on this machine. It is decided once for a model of processors, and never by what a build does.
    package static let ofThisMachine = KernelChoice.family(
        of: .current,
        test: {
            let folder = UserCache.folder().appending(path: "kernels", directoryHint: .isDirectory)
            return KernelTest(folder: folder).outcome(
                of: .current, among: KernelChoice.candidates, test: KernelChoice.fastestInTest)
        })
}

/// The test of kernels on a model of processors that nobody measured. Its outcome is kept in a file, so that it stays the same.
package struct KernelTest: Sendable {
    private let folder: URL

    package init(folder: URL) { self.folder = folder }

    /// The kept outcome, or that of a test, which is kept where the folder can be written.
    package func outcome(
        of model: ProcessorModel, among candidates: [ProcessorFamily], test: () -> ProcessorFamily
    ) -> ProcessorFamily {
        let file = file(of: model, candidates)
        if let kept = try? String(contentsOf: file, encoding: .utf8),
            let family = ProcessorFamily(rawValue: kept.trimmingCharacters(in: .whitespacesAndNewlines)),
            candidates.contains(family)
        {
            return family
        }
        let family = test()
        try? FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
        try? Data((family.rawValue + "\n").utf8).write(to: file, options: .atomic)
        return family
    }

    /// Named by everything that the outcome depends on.
    private func file(of model: ProcessorModel, _ candidates: [ProcessorFamily]) -> URL {
        let parts = [model.vendor, "\(model.family)", "\(model.model)"] + candidates.map(\.rawValue)
        // A hypervisor may give any vendor's name.
        let name = parts.joined(separator: "+").map {
            $0.isASCII && ($0.isLetter || $0.isNumber || "+-.".contains($0)) ? $0 : "_"
        }
        return folder.appending(path: String(name))
    }
}

extension Numerics {
    /// Whether this machine gives the profile's bytes, be it the fastest here or not.
    package var isOfThisMachine: Bool {
        switch self {
        case .portable: true
        case .native(let family): Processor.runs(family)
        }
    }
}

extension ProductPrecision {
    /// How an action's products are computed: as it says, whatever is fastest here.
    ///
    /// - Throws: where this machine does not run its family's kernels.
    package init(_ numerics: Numerics) throws(StageFailure) {
        switch numerics {
        case .portable: self = .float32
        case .native(let family):
            guard Processor.runs(family) else { throw StageFailure(Self.missing(family)) }
            self.init(family)
        }
    }

    private static func missing(_ family: ProcessorFamily) -> String {
        let here = KernelChoice.candidates.map { Numerics.native($0).rawValue }.joined(separator: ", ")
        let start = "the action's numerics are \(Numerics.native(family).rawValue); this machine's are portable, \(here)"
        guard case .openBLAS(let build) = family else { return start }
        return start
            + "; install OpenBLAS \(build.version) (Debian's libopenblas0) on a processor that runs its core \(build.core)"
    }
}
