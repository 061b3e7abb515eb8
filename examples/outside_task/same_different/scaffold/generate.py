from PIL import Image


def build(folder, seed):
    (folder / "stimuli").mkdir(exist_ok=True)
    stimuli, items = ["file,label,grey"], ["item_id,kind,left,right,answer"]

    def draw(grey):
        name = f"stimuli/{len(stimuli):03d}.png"
        Image.new("RGB", (64 + len(stimuli), 64), (grey, grey, grey)).save(folder / name)
        stimuli.append(f"{name},,{grey}")
        return name

    for number in range(8):
        greys = (60, 60) if number % 2 else (60, 200)
        left, right = (draw(grey) for grey in greys)
        items.append(f"pair-{number},test,{left},{right},{'same' if number % 2 else 'different'}")
    (folder / "stimuli.csv").write_text("\n".join(stimuli) + "\n")
    (folder / "items.csv").write_text("\n".join(items) + "\n")
