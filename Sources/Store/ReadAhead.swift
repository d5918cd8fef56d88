import Dispatch
import Foundation

/// Reads a file ahead of whoever works on its bytes, so that reading and hashing go on side by side.
struct ReadAhead {
    private static let bufferSize = 1 << 20
    private static let bufferCount = 3

    /// Calls a body with all bytes of a file in order.
    ///
    /// - Returns: nothing, or the number of the system's error.
    /// - Throws: what the body throws; then no more is read.
    static func forEach(
        _ descriptor: Int32, _ body: (UnsafeRawBufferPointer) throws(StoreError) -> Void
    ) throws(StoreError) -> Int32? {
        let ring = Ring(bufferCount, bufferSize)
        let reading = DispatchGroup()
        DispatchQueue.global().async(group: reading) { ring.fill(from: descriptor) }
        defer {
            ring.stop()
            reading.wait()
        }
        var place = 0
        while true {
            let count = ring.waitForFilled(place)
            guard count > 0 else { return count == 0 ? nil : Int32(-count) }
            try body(UnsafeRawBufferPointer(rebasing: ring.buffers[place][..<count]))
            ring.release()
            place = (place + 1) % bufferCount
        }
    }

    /// Buffers that one thread fills and another one empties, in turns. The semaphores say whose each is.
    private final class Ring: @unchecked Sendable {
        let buffers: [UnsafeMutableRawBufferPointer]
        /// Bytes in each; negative for an error of the system.
        private var counts: [Int]
        private var isStopped = false
        private let filled = DispatchSemaphore(value: 0)
        private let free = DispatchSemaphore(value: 0)

        init(_ count: Int, _ size: Int) {
            buffers = (0..<count).map { _ in .allocate(byteCount: size, alignment: 64) }
            counts = Array(repeating: 0, count: count)
            for _ in buffers { free.signal() }
        }

        deinit { for buffer in buffers { buffer.deallocate() } }

        func fill(from descriptor: Int32) {
            var place = 0
            while true {
                free.wait()
                if isStopped { return }
                let count = read(descriptor, buffers[place].baseAddress, buffers[place].count)
                counts[place] = count < 0 ? -Int(errno) : count
                filled.signal()
                if count <= 0 { return }
                place = (place + 1) % buffers.count
            }
        }

        func waitForFilled(_ place: Int) -> Int {
            filled.wait()
            return counts[place]
        }

        func release() { free.signal() }

        /// Lets the filling thread end.
        func stop() {
            isStopped = true
            free.signal()
        }
    }
}
