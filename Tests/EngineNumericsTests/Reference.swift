import CanonicalJSON
import Foundation
import Testing
import TestSupport

@testable import Engine

/// A file of the `Reference` folder, written by the scripts of `scripts/reference`.
func referenceFile(_ name: String) throws -> JSON {
    try Checkout.json("Tests/EngineNumericsTests/Reference/\(name)")
}

/// Compares a gradient with central differences of the function, by direction: the derivative along each of a few random
/// directions, which touches every element.
func expectGradient(
    _ gradient: [Float], of function: ([Float]) -> Double, at point: [Float], step: Double = 1e-2, tolerance: Double = 5e-3,
    name: String = "", sourceLocation: SourceLocation = #_sourceLocation
) {
    for direction in 0..<4 {
        let axis = randomFloats(point.count, seed: 900 + UInt64(direction))
        func along(_ distance: Double) -> Double {
            function(zip(point, axis).map { Float(Double($0) + distance * Double($1)) })
        }
        let expected = (along(step) - along(-step)) / (2 * step)
        let found = zip(gradient, axis).reduce(0.0) { $0 + Double($1.0) * Double($1.1) }
        let size = max(abs(expected), gradient.reduce(0.0) { $0 + Double($1) * Double($1) }.squareRoot() * 0.1, 1e-6)
        #expect(
            abs(found - expected) <= tolerance * size, "\(name): found \(found), expected \(expected)",
            sourceLocation: sourceLocation)
    }
}

func randomFloats(_ count: Int, seed: UInt64, scale: Double = 1) -> [Float] {
    let random = Philox(seed: seed, purpose: .initialization)
    return (0..<count).map { Float(random.normals(UInt32($0)).0 * scale) }
}

/// Σ weights·values: makes a scalar of a kernel's output, whose gradient is `weights`.
func weighted(_ values: [Float], _ weights: [Float]) -> Double {
    zip(values, weights).reduce(0) { $0 + Double($1.0) * Double($1.1) }
}
